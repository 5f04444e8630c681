"""AWS's wire protocols, server side, driven by botocore's service models: no shape is written by hand."""
