"""Imports a handler out of an unpacked archive as Lambda does, in a process of its own.

`python -I -S -B -u verifier.py TASK`: the task is a JSON object; the answer is written
into the file that it names, as standard output is the user's. Run like this, `sys.path`
has nothing but the standard library, to which Lambda's places are added.

It is shipped as data and uses the standard library only, of Python 3.10 or later, and
of that little more than what Lambda's own client has imported before the handler: what
is imported already, a module of the user's with the same name cannot replace.

The order of things is that of the runtime interface client's `bootstrap`:
https://github.com/aws/aws-lambda-python-runtime-interface-client
"""

from __future__ import annotations

import decimal  # noqa: F401 - the client has imported it, and traceback
import faulthandler
import importlib
import json
import logging
import os
import site
import sys
import time
import traceback  # noqa: F401


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from typing import Any
    from typing import NoReturn
    from typing import TextIO


HERE = os.path.dirname(__file__)
TRACER = os.path.join(HERE, "tracer.py")
RUNTIME = "/var/runtime"
LAYERS = "/opt"
BLOCK_BYTES = 4096


def main() -> None:
    """Does what the task says; the process ends with it, whatever else still runs."""
    task = json.loads(sys.argv[1])
    with open(task["trace"], "w", encoding="utf-8") as trace:
        faulthandler.enable(trace, all_threads=False)
        faulthandler.dump_traceback_later(task["time_limit_s"], file=trace)
        leave = _trace_exits(trace)
        hosts = os.open(task["hosts"], os.O_WRONLY | os.O_CREAT, 0o600)
        opened = _listen(hosts)
        process = os.getpid()
        stand_in(task)
        imports = tracing(TRACER)
        answer, handler = attempt(task, imports)
        if os.getpid() != process:  # a child that the handler's module has forked
            leave(0)
        faulthandler.cancel_dump_traceback_later()
        if "init_s" in answer:
            read = read_files(opened)
            files = read | {*module_files()}
            answer |= {
                **figures(task),
                "files": sorted(files),
                "unread": sorted(files - read),
                "extracted": extracted(task["tmp_dir"]),
                "imports": imports.rows(),
            }
        _write(answer, task["result"])
        if task["event"] and answer.get("callable"):
            called = call(handler, task, trace)
            if os.getpid() != process:
                leave(0)
            faulthandler.cancel_dump_traceback_later()
            answer = {
                "call": {**called, **figures(task)},
                "event_files": sorted(read_files(opened) | {*module_files()}),
            }
            _write(answer, task["call"])
        leave(0)


def _write(answer: dict[str, Any], path: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(answer, file)


def figures(task: dict[str, Any]) -> dict[str, int]:
    """Measures `peak_bytes` of memory, and `tmp_bytes`, what is in `/tmp`."""
    return {"peak_bytes": peak_bytes(), "tmp_bytes": size_bytes(task["tmp_dir"])}


def read_files(opened: set[str]) -> set[str]:
    """Lists all files that have been opened or mapped until now."""
    return opened.copy() | {*mapped_files()}


def call(handler: Any, task: dict[str, Any], trace: TextIO) -> dict[str, Any]:
    """Calls the handler: see `invocation.invoke`; an exception is described.

    The process ends at the function's time-out, and says where it was.
    """
    invoke = beside("invocation")["invoke"]
    _flush()
    before = {name: os.stat(task[name]).st_size for name in ("output", "hosts")}
    _write(before, task["called"])
    faulthandler.dump_traceback_later(task["timeout_s"], exit=True, file=trace)
    answer: dict[str, Any] = invoke(handler, task)
    _flush()
    error = answer.pop("raised", None)
    if error is not None:
        answer["error"] = description_of(error)
    return answer


def beside(name: str) -> dict[str, Any]:
    """Loads a file that is beside this one, and not needed by each run."""
    path = os.path.join(HERE, f"{name}.py")
    found: dict[str, Any] = {"__name__": name, "__file__": path}
    with open(path, encoding="utf-8") as source:
        exec(compile(source.read(), path, "exec"), found)  # noqa: S102 - it is our own
    return found


def description_of(error: BaseException) -> dict[str, Any]:
    """Describes an exception: see the file `raised`."""
    found: dict[str, Any] = beside("raised")["description_of"](error)
    return found


def _flush() -> None:
    """Writes what is still in buffers, wherever the user has made them lead to."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: S112 - whatever they are now
            continue


def _trace_exits(trace: TextIO) -> Callable[[int], NoReturn]:
    """Lets `os._exit` note where it is called; returns the one that does not."""
    process = os.getpid()
    leave = os._exit

    def trace_and_leave(status: int) -> NoReturn:
        if os.getpid() == process:
            faulthandler.dump_traceback(trace, all_threads=False)
        leave(status)

    os._exit = trace_and_leave
    return leave


def _listen(hosts: int) -> set[str]:
    """Begins to collect the paths of all files that are opened, and hosts.

    Args:
        hosts: A descriptor that the hosts are written to, a line each: so they are
            known even if the process has to be ended.
    """
    opened: set[str] = set()

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and type(arguments[0]) is str:
            opened.add(arguments[0])
        elif event in ("socket.getaddrinfo", "socket.connect"):
            host = host_of(event, arguments)
            if host:
                try:  # noqa: SIM105 - the client has not imported contextlib
                    os.write(hosts, f"{host}\n".encode())
                except OSError:
                    pass  # the user's code closes what it does not know

    sys.addaudithook(hear)
    return opened


def host_of(event: str, arguments: tuple[Any, ...]) -> str:
    """The host that a call asks for; "" if it is none, as for a socket of Unix."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) and address else ""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    return host if isinstance(host, str) else ""


def stand_in(task: dict[str, Any]) -> None:
    """Makes the process what Lambda's client is before it imports a handler.

    What the function's PYTHONPATH names, if it sets that, comes after the task root and
    in place of the modules of layers, as there.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    os.environ["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{version}"
    sys.argv = [f"{RUNTIME}/bootstrap.py"]
    front = task["python_path"]
    if front is None:
        layers = f"{task['layers_root']}/python"
        front = [f"{layers}/lib/{version}/site-packages", layers]
    sys.path[:] = [
        task["task_root"],
        *map(os.path.abspath, front),
        *sys.path,
        f"/var/lang/lib/{version}/site-packages",
        *task["runtime_path"],
    ]
    # What `site` does in any process that is not run with -S.
    site.setquit()
    site.setcopyright()
    site.sethelper()
    logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))


def tracing(path: str) -> Any:
    """Begins to trace imports; see the tracer, whose file it is."""
    with open(path, encoding="utf-8") as file:
        source = file.read()
    name = "importlib._bootstrap"
    namespace: dict[str, Any] = {"__name__": name}
    code = compile(source, f"<frozen {name}>", "exec", dont_inherit=True)
    exec(code, namespace)  # noqa: S102 - it is our own
    return namespace["Trace"]()


def attempt(task: dict[str, Any], trace: Any) -> tuple[dict[str, Any], Any]:
    """Imports the handler, whose name's form has been checked.

    Args:
        task: What is to be done.
        trace: What traces imports; see `tracing`.

    Returns:
        `init_s`, `start_s`, what of it had gone until anything of the archive was
        looked at, and `callable`; or `functions`, what there is in place of one that
        is missing; or `error`. And the handler; None if there is none.
    """
    name, _, function = task["handler"].rpartition(".")
    start_s = time.monotonic() - task["started_s"]
    try:
        # It obeys .pth files: the one that starts the loader, and the user's.
        trace.timed(site.addsitedir)(task["task_root"])
        loader = sys.modules.get("_package_function_loader")
        finder: Any = getattr(loader, "Finder", None)
        if finder is not None:
            finder._extract_one = trace.timed(finder._extract_one)
        module = importlib.import_module(name.replace("/", "."))
        try:
            found = getattr(module, function)
        except AttributeError:
            return {"functions": sorted(functions_of(module))}, None
    except BaseException as error:
        return {"error": description_of(error)}, None
    init_s = time.monotonic() - task["started_s"]
    answer = {"init_s": init_s, "start_s": start_s, "callable": callable(found)}
    return answer, found


def functions_of(module: Any) -> Iterator[str]:
    """Names what could be a handler."""
    for name, value in vars(module).items():
        if not callable(value) or isinstance(value, type) or name.startswith("_"):
            continue
        if getattr(value, "__module__", "") != "typing":  # List, which can be called
            yield name


def extracted(tmp_dir: str) -> list[str]:
    """Lists the directories that the loader has made until now, one for each unit."""
    try:
        names = os.listdir(tmp_dir)
    except OSError:  # the user's code has removed it
        return []
    return [each for each in names if each.startswith("package-function-")]


def module_files() -> Iterator[str]:
    """Lists the files of all modules; none is asked, as that imports those of some."""
    for module in list(sys.modules.values()):
        try:
            file = object.__getattribute__(module, "__dict__").get("__file__")
        except AttributeError:
            continue
        if isinstance(file, str):
            yield file


def mapped_files() -> Iterator[str]:
    """Lists the files that are mapped into memory; none where there is no `/proc`.

    What the dynamic linker loads for somebody else is neither opened by Python nor a
    module. Source: proc(5).
    """
    try:
        with open("/proc/self/maps", "rb") as maps:
            for line in maps:
                _, slash, path = os.fsdecode(line).partition("/")
                if slash:
                    yield slash + path.rstrip("\n").removesuffix(" (deleted)")
    except OSError:
        pass


def size_bytes(directory: str) -> int:
    """Adds up what the files below a directory take, in whole blocks."""
    blocks = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            try:
                status = os.lstat(os.path.join(parent, name))
            except OSError:  # a thread of the user's has removed it
                continue
            blocks += -(-status.st_size // BLOCK_BYTES)
    return blocks * BLOCK_BYTES


def peak_bytes() -> int:
    """The most memory that the process has had resident.

    On Linux `ru_maxrss` counts in what the process was before it became Python: its
    parent. Sources: proc(5), getrusage(2).
    """
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    if sys.platform == "win32":
        return 0
    else:
        path = sys.path[:]
        users = sys.modules.pop("resource", None)  # the user may have one
        sys.path[:] = [each for each in path if os.path.dirname(os.__file__) in each]
        import resource

        sys.path[:] = path  # an event may come
        if users is not None:
            sys.modules["resource"] = users
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    main()
