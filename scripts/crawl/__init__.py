"""From keywords to a folder of images: a program that uses the service through its API alone."""
