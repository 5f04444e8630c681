"""What makes the engine durable and real: stores, the runner, Distributed Maps, the API, in-process runs."""
