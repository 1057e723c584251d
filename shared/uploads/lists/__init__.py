"""Reading lists of URLs in the forms that people keep them in, a record at a time."""
