"""What moves: the hub, admission, following a log, frames and the viewers' sockets."""
