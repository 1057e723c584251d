"""Where images are searched for: one file per source behind one Protocol."""
