/* python.exe, for an installation and for virtual environments, where the one that
   python.org's installer brings cannot be had: the DLL has all of Python in it.

   In an environment `home` in pyvenv.cfg says where the installation is.
   Source: https://docs.python.org/3/library/venv.html and Modules/getpath.py. */

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

enum { LONGEST = 32768 };

static wchar_t own[LONGEST], home[LONGEST], path[LONGEST], line[LONGEST];

static void cut(wchar_t *text) {
    wchar_t *last = wcsrchr(text, L'\\');
    if (last) *last = 0;
}

static int read_home(const wchar_t *directory) {
    swprintf(path, LONGEST, L"%ls\\pyvenv.cfg", directory);
    FILE *file = _wfopen(path, L"rt, ccs=UTF-8");
    if (!file) return 0;
    int found = 0;
    while (!found && fgetws(line, LONGEST, file)) {
        wchar_t *value = wcschr(line, L'=');
        if (!value || wcsncmp(line, L"home", 4)) continue;
        value += 1 + wcsspn(value + 1, L" \t");
        value[wcscspn(value, L"\r\n")] = 0;
        wcscpy(home, value);
        found = 1;
    }
    fclose(file);
    return found;
}

int wmain(int count, wchar_t **arguments) {
    GetModuleFileNameW(NULL, own, LONGEST);
    cut(own);
    wcscpy(home, own);
    if (!read_home(own)) {
        cut(own);
        read_home(own);
    }
    swprintf(path, LONGEST, L"%ls\\python311.dll", home);
    HMODULE library = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    int (*run)(int, wchar_t **) = NULL;
    if (library) run = (void *)GetProcAddress(library, "Py_Main");
    if (!run) {
        fwprintf(stderr, L"%ls: cannot be loaded (%lu)\n", path, GetLastError());
        return 101;
    }
    return run(count, arguments);
}
