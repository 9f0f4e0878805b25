-- Append a fact once: the same `once` always names the same entry, however often it is tried.
-- One atomic step: either the entry and its mark are both there, or neither is; whoever follows the log is told
-- of it in the same step, in the order of the entries.
-- KEYS[1] log (stream)   KEYS[2] marks (hash: once -> entry id)
-- ARGV[1] once           ARGV[2] fact (JSON)
-- Tells, on the channel named as the log: "<id of the entry before> <id> <fact>".
-- Returns {entry id, 1 if this call appended it, else 0}.
local known = redis.call('HGET', KEYS[2], ARGV[1])
if known then
  return {known, 0}
end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local before = last[1] and last[1][1] or '0-0'
local id = redis.call('XADD', KEYS[1], '*', 'f', ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], id)
redis.call('PUBLISH', KEYS[1], before .. ' ' .. id .. ' ' .. ARGV[2])
return {id, 1}
