"""Tables that people keep elsewhere, read into values; pure."""
