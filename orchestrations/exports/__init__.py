"""The building of one export: its flow, the activities of its steps, and the names of both."""
