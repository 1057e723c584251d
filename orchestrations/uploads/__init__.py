"""The reading of one upload: its flow, the activities of its steps, and the names of both."""
