import CLinux
import Glibc

/// Sets the time at which an open file's content last changed.
package enum FileTimes {
    /// Sets it to a whole second and leaves the time of the last reading. Blocks.
    ///
    /// Answers false where the file is another account's, who alone may do that.
    package static func setModified(_ descriptor: CInt, seconds: Int64, path: String) throws(FileError) -> Bool {
        let times = [
            timespec(tv_sec: 0, tv_nsec: studio_UTIME_OMIT), timespec(tv_sec: time_t(seconds), tv_nsec: 0),
        ]
        if futimens(descriptor, times) == 0 { return true }
        if errno == EPERM || errno == EACCES || errno == EROFS { return false }
        throw FileError(errno: errno, "setting the time of", path)
    }
}
