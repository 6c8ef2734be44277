"""The only folder that knows AWS data services: ports first, then adapters."""
