"""The model lab: earlier systems rebuilt side by side, their published figures beside honest ones."""
