"""The outbox: Delivery rows leased by relays, published to Kafka, finished by tasks."""
