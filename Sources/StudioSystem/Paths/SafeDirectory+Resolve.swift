import CLinux
import Glibc

extension SafeDirectory {
    /// Opens a path below the folder with the given flags and `O_CLOEXEC`.
    package func resolve(_ path: RelativePath, flags: CInt) throws -> OwnedDescriptor {
        let flags = flags | O_CLOEXEC
        var result: CInt = -ENOSYS
        if resolution == .kernel {
            // EAGAIN: the kernel saw a rename or a mount while it followed a link, and could not tell.
            var attempts = 0
            repeat {
                result = studio_openat2_beneath(descriptor.raw, path.text, flags, 0)
                attempts += 1
            } while result == -EINTR || (result == -EAGAIN && attempts < 128)
        }
        if result == -ENOSYS || (result == -EPERM && resolution == .kernel) {
            // A seccomp profile older than openat2 answers EPERM instead of ENOSYS.
            return try resolveByComponents(path, flags: flags)
        }
        if result >= 0 { return OwnedDescriptor(owning: result) }
        switch -result {
        case EXDEV: throw PathError(.escapes, component: path.text, "a symbolic link leads out of the folder")
        case ELOOP: throw PathError(.escapes, component: path.text, "the path goes through a link that is not followed")
        case let number: throw FileError(errno: number, "opening", absolutePath(of: path))
        }
    }

    /// The same for kernels without `openat2`: one component at a time, none of which may be a symbolic link.
    private func resolveByComponents(_ path: RelativePath, flags: CInt) throws -> OwnedDescriptor {
        var base = descriptor.raw
        var current: OwnedDescriptor?
        let components = path.components
        for (index, component) in components.enumerated() {
            let isLast = index == components.count - 1
            let wanted = isLast ? flags | O_NOFOLLOW : studio_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            let opened = openat(base, component, wanted)
            if opened < 0 {
                let number = errno
                var found = stat()
                // O_DIRECTORY with O_NOFOLLOW answers ENOTDIR for a link, like for a file.
                if number == ELOOP
                    || (number == ENOTDIR && fstatat(base, component, &found, AT_SYMLINK_NOFOLLOW) == 0
                        && found.st_mode & S_IFMT == S_IFLNK)
                {
                    throw PathError(.escapes, component: component, "symbolic links are not followed here")
                }
                throw FileError(errno: number, "opening", absolutePath(of: path))
            }
            current = OwnedDescriptor(owning: opened)
            base = opened
            // O_PATH opens a link itself instead of refusing it; only who asked for O_NOFOLLOW wants that.
            if wanted & studio_O_PATH != 0 && flags & O_NOFOLLOW == 0,
                try FileStatus(descriptor: opened, path: absolutePath(of: path)).kind == .symbolicLink
            {
                throw PathError(.escapes, component: component, "symbolic links are not followed here")
            }
        }
        guard let opened = current.take() else { throw PathError(.invalid, "the path is empty") }
        return opened
    }
}
