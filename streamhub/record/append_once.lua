-- Append a fact once: the same `once` always names the same entry, however often it is tried.
-- One atomic step: either the entry and its mark are both there, or neither is.
-- KEYS[1] log (stream)   KEYS[2] marks (hash: once -> entry id)
-- ARGV[1] once           ARGV[2] fact (JSON)
-- Returns {entry id, 1 if this call appended it, else 0}.
local known = redis.call('HGET', KEYS[2], ARGV[1])
if known then
  return {known, 0}
end
local id = redis.call('XADD', KEYS[1], '*', 'f', ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], id)
return {id, 1}
