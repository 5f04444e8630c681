"""The local cloud: one endpoint for every AWS call a data-science workflow makes, on one machine."""
