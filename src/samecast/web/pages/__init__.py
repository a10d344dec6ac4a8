"""One module a page. A page asks the services and shows what they say; it decides nothing that a service could."""
