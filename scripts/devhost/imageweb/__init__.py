"""The local image web: a small web of pictures with a known truth, for crawls without internet."""
