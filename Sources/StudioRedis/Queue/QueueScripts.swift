/// The Lua that moves messages between lists. Each script is one step that happens whole or not at all.
///
/// Every script first takes and then puts: a server that is full refuses a script's first write if that write needs
/// memory, so queues can still be emptied when `maxmemory` is reached.
enum QueueScripts {
    /// Moves up to ARGV[1] messages from the lists KEYS[4…], in their order and from the right, to the processing list
    /// KEYS[1], and enters the worker ARGV[2] into the set KEYS[2]. What does not even begin like a JSON object goes to
    /// KEYS[3], of which the newest ARGV[3] are kept; so many of those at most are looked at in one call that others are
    /// not kept waiting. Whether the rest are messages, whoever reads them finds out.
    static let reserve = RedisScript(
        """
        local wanted, dead = tonumber(ARGV[1]), 0
        local taken = {}
        for i = 4, #KEYS do
          while #taken < wanted and dead < 100 do
            local popped = redis.call('RPOP', KEYS[i], math.min(wanted - #taken, 100))
            if not popped or #popped == 0 then break end
            local good, bad = {}, {}
            for _, raw in ipairs(popped) do
              if string.find(raw, '^%s*{') then
                good[#good + 1] = raw
                taken[#taken + 1] = raw
              else
                bad[#bad + 1] = raw
              end
            end
            if #good > 0 then redis.call('LPUSH', KEYS[1], unpack(good)) end
            if #bad > 0 then redis.call('LPUSH', KEYS[3], unpack(bad)) end
            dead = dead + #bad
          end
        end
        if #taken > 0 then redis.call('SADD', KEYS[2], ARGV[2]) end
        if dead > 0 then redis.call('LTRIM', KEYS[3], 0, tonumber(ARGV[3]) - 1) end
        return {taken, dead}
        """)

    /// Takes messages out of the processing list KEYS[1] and puts each that was there into a list: ARGV holds, after the
    /// number of dead messages to keep, triples of the message, what to put in its place, and the index of the list
    /// among KEYS[3…], or 0 for the dead list KEYS[2]. Run twice it finds nothing the second time.
    static let giveBack = RedisScript(
        """
        local moved = 0
        for i = 2, #ARGV, 3 do
          if redis.call('LREM', KEYS[1], 1, ARGV[i]) == 1 then
            local target = tonumber(ARGV[i + 2])
            if target == 0 then
              redis.call('LPUSH', KEYS[2], ARGV[i + 1])
              redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[1]) - 1)
            else
              redis.call('RPUSH', KEYS[2 + target], ARGV[i + 1])
            end
            moved = moved + 1
          end
        end
        return moved
        """)

    /// Takes messages ARGV out of the processing list KEYS[1], the oldest first, which are on the right.
    static let acknowledge = RedisScript(
        """
        local removed = 0
        for i = 1, #ARGV do removed = removed + redis.call('LREM', KEYS[1], -1, ARGV[i]) end
        return removed
        """)

    /// Takes the worker ARGV[1] out of the set KEYS[2] if its processing list KEYS[1] is empty.
    static let retire = RedisScript(
        """
        if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
        redis.call('SREM', KEYS[2], ARGV[1])
        return 1
        """)
}
