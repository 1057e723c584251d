"""The activity trail: one row for every change a user makes or causes."""
