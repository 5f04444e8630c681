"""What an execution does, without I/O: no thread, clock, socket, uuid or global chance in this package."""
