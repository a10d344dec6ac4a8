"""Who may come in, and what they may ask for: everything that stands between a request and the studio.

`guard` is the one door that every request and every WebSocket goes through. It asks `addresses` who asks, from where
and for what, `passes` whether they may, `rates` how often, and `frames` what is said by WebSocket; `policy` is what
browsers are told in return. `connections` ends those that take their time, `uploads` bounds the pictures that come in,
and `toolkit` closes what NiceGUI leaves open.
"""
