"""The studio in the browser, on the services: pages, and the door in front of them. `serving.serve` is all of it."""
