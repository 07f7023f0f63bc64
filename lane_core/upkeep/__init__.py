"""Keeping one LANE_HOME whole: backup, restore, the doctor, and how a command line asks the running app."""
