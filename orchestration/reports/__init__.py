"""`tenure report`: pages to keep or to send, each written from the warehouse alone."""
