/// The Lua that writes Celery's results and what follows them. Each script is one step that happens whole or not at all: a
/// server that is full refuses its first write, and then nothing was done.
enum CeleryScripts {
    /// Whether a result is there that nothing may follow. Celery's programs write the status first; the text of a result
    /// that somebody else wrote otherwise is read as a whole.
    private static let isFinal = """
        local function is_final(key)
          local stored = redis.call('GET', key)
          if not stored then return false end
          local status = string.match(stored, '^{"status": "(%u+)"')
          if not status and string.sub(stored, 1, 1) == '{' then
            local is_read, meta = pcall(cjson.decode, stored)
            status = is_read and meta.status
          end
          return status == 'SUCCESS' or status == 'FAILURE' or status == 'REVOKED'
        end
        local function write(key, text, seconds)
          redis.call('SETEX', key, seconds, text)
          redis.call('PUBLISH', key, text)
        end

        """

    /// Writes the result ARGV[2] of a task that is not done under KEYS[2] for ARGV[3] seconds, unless KEYS[1] notes that
    /// something later than ARGV[1] was written.
    static let note = RedisScript(
        isFinal + """
            local noted = redis.call('GET', KEYS[1])
            if noted == 'final' or (noted and tonumber(noted) > tonumber(ARGV[1])) or is_final(KEYS[2]) then return 0 end
            redis.call('SETEX', KEYS[1], ARGV[3], ARGV[1])
            write(KEYS[2], ARGV[2], ARGV[3])
            return 1
            """)

    /// Does once what the end of a task means. KEYS[1] notes that it was done, for ARGV[2] seconds. What is written is kept
    /// for ARGV[1] seconds. Then come triples of what to do, the index of the key, and the text: `result` writes a result
    /// where there is no final one, `push` puts a message on a list, `set` and `drop` write and remove other keys.
    static let answer = RedisScript(
        isFinal + """
            if redis.call('GET', KEYS[1]) == 'final' then return 0 end
            redis.call('SETEX', KEYS[1], ARGV[2], 'final')
            """ + deeds)

    /// Does the same for the end of a chord, if the claim KEYS[1] to do so is held by the token ARGV[2]; then marks it as
    /// done and removes what was gathered, which are the keys KEYS[2…5].
    static let completeChord = RedisScript(
        isFinal + """
            if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
            redis.call('SET', KEYS[1], 'done', 'EX', 300)
            redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
            """ + deeds)

    private static let deeds = """

        for i = 3, #ARGV, 3 do
          local deed, key, text = ARGV[i], KEYS[tonumber(ARGV[i + 1])], ARGV[i + 2]
          if deed == 'result' then
            if not is_final(key) then write(key, text, ARGV[1]) end
          elseif deed == 'push' then redis.call('LPUSH', key, text)
          elseif deed == 'set' then redis.call('SETEX', key, ARGV[1], text)
          elseif deed == 'drop' then redis.call('DEL', key)
          end
        end
        return 1
        """

    /// Gathers the part ARGV[2] of the task ARGV[1] at the place ARGV[3], as the script of Celery 5.7 does with the same keys
    /// (`.j .t .s .d`, the group, `.c`), so that Python workers gather beside us. Whoever brings the last part claims the end
    /// with the token ARGV[4] for ARGV[6] seconds; other than there, a token that has claimed before claims again, so that a
    /// gateway that died in between is made up for.
    static let gatherPart = RedisScript(
        """
        local jkey, tkey, skey, dkey, gkey, ckey = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
        if redis.call('GET', ckey) == 'done' then return {-1, 0} end
        local member = ARGV[1] .. ':' .. ARGV[3]
        if redis.call('SISMEMBER', dkey, member) == 0 then
          redis.call('ZADD', jkey, ARGV[3], ARGV[2])
          redis.call('SADD', dkey, member)
        end
        local count = redis.call('ZCARD', jkey)
        for _, key in ipairs({jkey, tkey, skey, dkey, gkey}) do redis.call('EXPIRE', key, ARGV[5]) end
        local size = redis.call('GET', skey)
        if not size or count ~= tonumber(size) + tonumber(redis.call('GET', tkey) or 0) then return {count, 0} end
        if redis.call('SET', ckey, ARGV[4], 'NX', 'EX', ARGV[6]) then return {count, 1} end
        if redis.call('GET', ckey) == ARGV[4] then
          redis.call('EXPIRE', ckey, ARGV[6])
          return {count, 1}
        end
        -- Another has claimed it, and is at it or dead: then the claim runs out.
        return {count, 2}
        """)

    /// Takes messages out of the processing list KEYS[1] and puts each that was there at the end of a list: ARGV holds pairs
    /// of the message and the index of the list among KEYS[2…].
    static let forward = RedisScript(
        """
        local moved = 0
        for i = 1, #ARGV, 2 do
          if redis.call('LREM', KEYS[1], -1, ARGV[i]) == 1 then
            redis.call('LPUSH', KEYS[1 + tonumber(ARGV[i + 1])], ARGV[i])
            moved = moved + 1
          end
        end
        return moved
        """)

    /// Takes a message ARGV[1] out of the dead list KEYS[1] and, where there is a KEYS[2], puts it at the end of that list as
    /// ARGV[2].
    static let raise = RedisScript(
        """
        if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
        if KEYS[2] then redis.call('LPUSH', KEYS[2], ARGV[2]) end
        return 1
        """)
}
