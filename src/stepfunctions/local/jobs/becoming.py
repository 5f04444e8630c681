"""What a forked child does to become the process that was asked for: mounts, log files, environment, the script.

Loaded by path into the zygotes; standard library only.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import io
import os
import resource
import runpy
import signal
import sys
import sysconfig
import threading
import time
import traceback
import types
import zipfile
from typing import Any, NoReturn

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
# Where modules that are no script's own come from; found once, not in every child.
INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def become(spec: dict[str, Any], channel: int | None, parent: int, baseline: frozenset[str] | None) -> int:
    """Do all of it, and return the exit code to leave with. Without a ``baseline`` (the names of the modules
    imported beforehand) nothing runs in place: the interpreter is started afresh. ``parent`` is the zygote, which may
    have died since."""
    try:
        restore_signals()
        if spec["mounts"]:
            enter_mounts(spec["mounts"])
        if sys.platform == "linux":
            # After the mounts: entering a user namespace clears it.
            libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                return 125
        redirect(spec["stdout"], spec["stderr"])
        if spec["memory"] is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (spec["memory"], spec["memory"]))
        os.chdir(spec["cwd"])
        environment(spec["env"], channel)
        if not spec["fork"] or baseline is None:
            execute(spec["argv"])
    except Exception as error:  # noqa: BLE001 - whatever it is, this child must end here and say why
        os.write(2, f"cannot start {spec['argv'][0]}: {error}\n".encode())
        return 127 if isinstance(error, FileNotFoundError) else 126
    return run_python(spec["argv"], baseline)


def restore_signals() -> None:
    """Set the signals as a fresh interpreter has them."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def redirect(stdout: str, stderr: str) -> None:
    """Put the three standard descriptors on /dev/null and the log files."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    null, out = os.open(os.devnull, os.O_RDONLY), os.open(stdout, flags, 0o644)
    err = out if stderr == stdout else os.open(stderr, flags, 0o644)
    for fd, number in ((null, 0), (out, 1), (err, 2)):
        os.dup2(fd, number)
    for fd in {null, out, err}:
        os.close(fd)


def environment(env: dict[str, str], channel: int | None) -> None:
    """Replace the environment; what the interpreter reads at start is applied by hand."""
    os.environ.clear()
    os.environ.update(env)
    if channel is not None:
        os.set_inheritable(channel, True)
        os.environ["STEPFUNCTIONS_CHANNEL"] = str(channel)
    time.tzset()


def execute(argv: list[str]) -> NoReturn:
    """Run another program in this process."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvp(argv[0], argv)


def libc() -> Any:
    """The C library, with errno."""
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    """Raise the C library's error."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def mount(source: str, target: str, kind: str | None, flags: int) -> None:
    """mount(2)."""
    checked(
        libc().mount(os.fsencode(source), os.fsencode(target), kind and kind.encode(), ctypes.c_ulong(flags), None),
        target,
    )


def enter_mounts(mounts: dict[str, str]) -> None:
    """Enter an own mount namespace and bind each real folder at its place; nothing changes outside."""
    user, group = os.getuid(), os.getgid()
    if libc().unshare(CLONE_NEWNS) != 0:
        checked(libc().unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    for target, source in mounts.items():
        if not os.path.isdir(target):
            mount_point(target)
        mount(source, target, None, MS_BIND | MS_REC)


def mount_point(target: str) -> None:
    """Make a folder to mount on without touching the disk: cover its parent, and bind back what the parent has."""
    parent = os.path.dirname(target)
    while not os.path.isdir(parent):
        parent = os.path.dirname(parent)
    if parent == "/":
        raise FileNotFoundError(2, "no such folder, and none can be made", target)
    covered = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
    mount("tmpfs", parent, "tmpfs", 0)
    for name in os.listdir(covered):
        old, new = f"/proc/self/fd/{covered}/{name}", os.path.join(parent, name)
        if os.path.islink(old):
            os.symlink(os.readlink(old), new)
            continue
        if os.path.isdir(old):
            os.mkdir(new)
        else:
            os.close(os.open(new, os.O_CREAT | os.O_WRONLY))
        mount(old, new, None, MS_BIND | MS_REC)
    os.close(covered)
    os.makedirs(target)


# ------------------------------------------------------------------------------------------------ running a script


def run_python(argv: list[str], baseline: frozenset[str]) -> int:
    """Run ``python argv[1:]`` here, and return its exit code with everything flushed."""
    arguments = argv[1:]
    if os.environ.get("PYTHONUNBUFFERED"):
        sys.stdout, sys.stderr = unbuffered(1, "strict"), unbuffered(2, "backslashreplace")
        sys.__dict__.update(__stdout__=sys.stdout, __stderr__=sys.stderr)
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    sys.orig_argv = argv
    reseed()
    main = new_main()
    code = 0
    try:
        if arguments[0] == "-m":
            run_module(arguments[1:])
        else:
            run_script(main, arguments)
    except SystemExit as error:
        code = exit_code(error)
    except KeyboardInterrupt:
        code = 130
        traceback.print_exc()
    except BaseException as error:  # noqa: BLE001 - the interpreter's own top: print the traceback, exit code 1
        code = 1
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
            frames = frames.tb_next
        sys.excepthook(type(error), error.with_traceback(frames), frames)
    return finalise(code, baseline)


def unbuffered(number: int, errors: str) -> io.TextIOWrapper:
    """What ``-u`` makes of a standard stream."""
    raw: Any = open(number, "wb", buffering=0, closefd=False)  # noqa: SIM115 - lives as long as the process
    return io.TextIOWrapper(raw, encoding="utf-8", errors=errors, write_through=True)


def reseed() -> None:
    """Give the process its own chance (numpy's global generator does not reseed after a fork) and folder."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()
    process: Any = sys.modules.get("multiprocessing.process")
    if process is not None:
        process.ORIGINAL_DIR = os.getcwd()


def search_path(first: str) -> None:
    """Set ``sys.path`` as the interpreter does: the script's folder, PYTHONPATH, then its own."""
    extra = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[:0] = [first, *extra]


def new_main() -> types.ModuleType:
    """Put an empty ``__main__`` in place of the zygote's."""
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = sys.modules["builtins"]
    return module


def run_module(arguments: list[str]) -> None:
    """``python -m module``."""
    search_path(os.getcwd())
    sys.argv = ["-m", *arguments[1:]]
    runpy._run_module_as_main(arguments[0])  # type: ignore[attr-defined]  # what the interpreter itself calls


def run_script(main: types.ModuleType, arguments: list[str]) -> None:
    """``python script.py``, or ``python`` with a folder or an archive that has a ``__main__.py``."""
    path = arguments[0]
    if os.path.isdir(path) or zipfile.is_zipfile(path):
        search_path(path)
        sys.argv = arguments
        runpy._run_module_as_main("__main__", alter_argv=False)  # type: ignore[attr-defined]
        return
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        what = f"[Errno {error.errno}] {error.strerror}"
        print(f"{sys.executable}: can't open file {os.path.abspath(path)!r}: {what}", file=sys.stderr)
        raise SystemExit(2) from None
    search_path(os.path.dirname(os.path.realpath(path)))
    sys.argv = arguments
    main.__dict__.update(__file__=os.path.abspath(path), __cached__=None)
    exec(compile(source, os.path.abspath(path), "exec", dont_inherit=True), main.__dict__)


def exit_code(error: SystemExit) -> int:
    """What ``sys.exit(value)`` means."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def finalise(code: int, baseline: frozenset[str]) -> int:
    """End as the interpreter ends, without paying to take apart what was preloaded: wait for threads, run exit
    functions, drop the script's own modules (open files are flushed so), flush."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    except BaseException:  # noqa: BLE001 - printed, as the interpreter does
        traceback.print_exc()
    for name in [name for name in sys.modules if name not in baseline or name == "__main__"]:
        module: Any = sys.modules[name]
        file = getattr(module, "__file__", None) or ""
        if isinstance(module, types.ModuleType) and (name == "__main__" or not file.startswith(INSTALLED)):
            for key in list(module.__dict__):
                if key != "__builtins__":
                    module.__dict__[key] = None
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        try:
            if not getattr(stream, "closed", True):  # a script may have set one to None
                stream.flush()
        except OSError:
            code = code or 120
    return code
