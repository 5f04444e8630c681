"""The items of a Distributed Map: from the state's input, or streamed from objects in S3. One module a format."""
