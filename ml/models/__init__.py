"""Fitting, calibration and evaluation: the same for each target."""
