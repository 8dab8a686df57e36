"""From labelled clips to a model in `models/`: data, candidates, comparison, calibration."""
