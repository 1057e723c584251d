"""What the bytes of a download are: an image within limits, or the reason they are not."""
