"""The model lab: earlier systems rebuilt, their published figures beside honest ones."""
