// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "harness/scenario/format_parts.h"

// The effects: keys that faults, fixes and the healthy cage share.
namespace driftcage::scenario::effect_format {

inline constexpr Shape kEnvChange[] = {
    {.format = &kEnvValue}, {.kind = Kind::Boolean, .only_false = true}};
inline constexpr Shape kEnv[] = {
    {.kind = Kind::Table, .name_format = &kEnvName, .any = kEnvChange}};

inline constexpr Shape kSearchText[] = {{.format = &kSearchPath}};
inline constexpr Shape kProgramText[] = {{.format = &kProgramGlob}};
inline constexpr Shape kPrograms[] = {
    {.kind = Kind::Array, .item = kProgramText}};
inline constexpr Key kPathKeys[] = {
    {.name = "drop",
     .value = kPrograms,
     .shown = "[program, …]",
     .meaning = "No directory of PATH holds these programs (globs); the files "
                "themselves stay where they are.",
     .example = R"(path.drop = ["gcc", "cc", "clang*"])",
     .needs = "mount"},
    {.name = "prepend",
     .value = kPathList,
     .shown = "[directory, …]",
     .meaning = "Put these directories first in PATH.",
     .example = R"(path.prepend = ["$WORK/bin"])"},
    {.name = "remove",
     .value = kPathList,
     .shown = "[directory, …]",
     .meaning = "Take these directories out of PATH.",
     .example = R"(path.remove = ["/usr/local/bin"])"},
    {.name = "set",
     .value = kSearchText,
     .shown = "\"dir:dir:…\"",
     .meaning = "Replace PATH.",
     .example = R"(path.set = "/usr/bin:/bin")"},
};
inline constexpr Shape kPathTable[] = {{.kind = Kind::Table,
                                        .keys = kPathKeys,
                                        .idle = "nothing is done to PATH"}};

inline constexpr std::string_view kTextOrLink[] = {"text", "base64", "symlink"};
inline constexpr Shape kBase64Text[] = {{.format = &kBase64}};
inline constexpr Shape kContent[] = {{.format = &kBytesText}};
inline constexpr Key kFileKeys[] = {
    {.name = "text",
     .value = kContent,
     .shown = "\"…\"",
     .meaning = "What the file holds."},
    {.name = "base64",
     .value = kBase64Text,
     .shown = "\"UEsDBA…\"",
     .meaning = "What it holds, for bytes that are no text; blanks and line "
                "ends do not count."},
    {.name = "symlink",
     .value = kPathText,
     .shown = "\"target\"",
     .meaning = "Make a symbolic link to this target instead."},
    {.name = "mode",
     .value = kModeText,
     .shown = "\"0755\"",
     .meaning = "The file's mode, 0644 unless given; not for links."},
};
inline constexpr Shape kFile[] = {{.format = &kBytesText},
                                  {.kind = Kind::Table,
                                   .keys = kFileKeys,
                                   .one_of = kTextOrLink,
                                   .one_required = true}};
inline constexpr Shape kFiles[] = {
    {.kind = Kind::Table, .name_format = &kPath, .any = kFile}};
inline constexpr Shape kModes[] = {
    {.kind = Kind::Table, .name_format = &kPath, .any = kModeText}};
inline constexpr Shape kSizes[] = {
    {.kind = Kind::Table, .name_format = &kPath, .any = kSizeText}};

inline constexpr Shape kAtLeastOne[] = {{.kind = Kind::Integer, .min = 1}};
inline constexpr Key kCorruptKeys[] = {
    {.name = "offset",
     .value = kCountNumber,
     .shown = "bytes",
     .meaning = "Where the first inverted byte lies; 0 unless given."},
    {.name = "length",
     .value = kAtLeastOne,
     .shown = "bytes",
     .meaning = "How many bytes are inverted; 1 unless given."},
};
inline constexpr Shape kCorruption[] = {
    {.kind = Kind::Table, .keys = kCorruptKeys}};
inline constexpr Shape kCorruptions[] = {
    {.kind = Kind::Table, .name_format = &kPath, .any = kCorruption}};

inline constexpr Key kFromKeys[] = {
    {.name = "image",
     .value = kProse,
     .shown = "\"host\" | \"dir:/srv/go-1.24\"",
     .meaning = "The image whose tree it is; the scenario's own unless given."},
    {.name = "path",
     .value = kPathText,
     .shown = "\"/usr/lib/go\"",
     .meaning = "The directory or file in that image.",
     .required = true},
};
inline constexpr Shape kFrom[] = {{.kind = Kind::Table, .keys = kFromKeys}};
inline constexpr Key kMountKeys[] = {
    {.name = "tmpfs",
     .value = kFlag,
     .shown = "true",
     .meaning = "An empty file system in memory."},
    {.name = "size",
     .value = kSizeText,
     .shown = "\"256KiB\"",
     .meaning = "The most that it can hold; makes it a tmpfs."},
    {.name = "inodes",
     .value = kAtLeastOne,
     .shown = "number",
     .meaning = "How many files it can hold; makes it a tmpfs."},
    {.name = "noexec",
     .value = kFlag,
     .shown = "true",
     .meaning = "No program on it can be executed."},
    {.name = "ro",
     .value = kFlag,
     .shown = "true",
     .meaning = "Nothing on it can be written."},
    {.name = "from",
     .value = kFrom,
     .shown = "{ image, path }",
     .meaning = "A tree of another image."},
};
inline constexpr Shape kMount = {.kind = Kind::Table,
                                 .keys = kMountKeys,
                                 .idle = "the mount changes nothing"};
inline constexpr Shape kMountValue[] = {kMount};
inline constexpr Key kMountPlace[] = {
    {.name = "at",
     .value = kPathText,
     .shown = "\"/opt/go\"",
     .meaning = "Where it is mounted.",
     .required = true,
     .label = true},
};
inline constexpr Shape kMountItem[] = {{.kind = Kind::Table,
                                        .keys = kMountPlace,
                                        .shared = kMountKeys,
                                        .idle = "the mount changes nothing"}};
inline constexpr Shape kMounts[] = {
    {.kind = Kind::Table, .name_format = &kPath, .any = kMountValue},
    {.kind = Kind::Array, .item = kMountItem}};

inline constexpr Key kLimitKeys[] = {
    {.name = "nofile",
     .value = kCountNumber,
     .shown = "number",
     .meaning = "Open file descriptors of a process; past it EMFILE.",
     .example = "limit.nofile = 16"},
    {.name = "nproc",
     .value = kCountNumber,
     .shown = "number",
     .meaning = "Processes and threads of the user; past it clone gives "
                "EAGAIN. Root is exempt.",
     .example = "limit.nproc = 8"},
    {.name = "fsize",
     .value = kSizeText,
     .shown = "\"64KiB\"",
     .meaning = "Size of a written file; past it SIGXFSZ.",
     .example = "limit.fsize = \"64KiB\""},
    {.name = "data",
     .value = kSizeText,
     .shown = "\"64MiB\"",
     .meaning = "Private writable memory of a process.",
     .example = "limit.data = \"64MiB\""},
    {.name = "as",
     .value = kSizeText,
     .shown = "\"512MiB\"",
     .meaning = "Address space of a process.",
     .example = "limit.as = \"512MiB\""},
    {.name = "stack",
     .value = kSizeText,
     .shown = "\"256KiB\"",
     .meaning = "Stack of the main thread, arguments included.",
     .example = "limit.stack = \"256KiB\""},
    {.name = "cpu",
     .value = kAtLeastOne,
     .shown = "seconds",
     .meaning = "Processor time of a process; past it SIGXCPU.",
     .example = "limit.cpu = 2"},
    {.name = "core",
     .value = kSizeText,
     .shown = "\"0B\"",
     .meaning = "Size of a core dump.",
     .example = "limit.core = \"0B\""},
};
inline constexpr Shape kLimits[] = {
    {.kind = Kind::Table, .keys = kLimitKeys, .idle = "no limit is given"}};

inline constexpr Shape kUserText[] = {{.format = &kUser}};
inline constexpr std::string_view kNetworks[] = {"none", "loopback", "host"};
inline constexpr Shape kNet[] = {{.choices = kNetworks}};
inline constexpr std::string_view kProcs[] = {"none", "fresh"};
inline constexpr Shape kProc[] = {{.choices = kProcs}};
inline constexpr Shape kDeviceText[] = {{.format = &kDeviceName}};
inline constexpr Shape kDevices[] = {
    {.kind = Kind::Array, .item = kDeviceText}};
inline constexpr Key kDevKeys[] = {
    {.name = "drop",
     .value = kDevices,
     .shown = "[device, …]",
     .meaning = "These names do not exist below /dev.",
     .example = R"(dev.drop = ["null"])",
     .needs = "mount",
     .required = true},
};
inline constexpr Shape kDev[] = {{.kind = Kind::Table, .keys = kDevKeys}};
inline constexpr Shape kClock[] = {{.format = &kTimeShift}};
inline constexpr std::string_view kCaches[] = {"cold", "warm", "pristine"};
inline constexpr Shape kCache[] = {{.choices = kCaches}};

inline constexpr Key kSetupKeys[] = {
    {.name = "run",
     .value = kCommands,
     .shown = "[argument, …]",
     .meaning = "One command as an argv, or a list of them."},
    {.name = "sh",
     .value = kProse,
     .shown = "\"line\"",
     .meaning = "One line for /bin/sh."},
};
inline constexpr Shape kSetup[] = {{.kind = Kind::Array, .item = kArgvItem},
                                   {.kind = Kind::Table,
                                    .keys = kSetupKeys,
                                    .one_of = kRunOrSh,
                                    .one_required = true}};

inline constexpr Shape kCallText[] = {{.format = &kSyscallName}};
inline constexpr Shape kErrnoText[] = {{.format = &kErrno}};
inline constexpr Key kInjectKeys[] = {
    {.name = "call",
     .value = kCallText,
     .shown = "\"openat\"",
     .meaning = "The system call that gets the answer.",
     .required = true},
    {.name = "errno",
     .value = kErrnoText,
     .shown = "\"EIO\"",
     .meaning = "The answer.",
     .required = true},
    {.name = "path",
     .value = kPathText,
     .shown = "glob",
     .meaning = "Only for paths that match, as fnmatch(3) does: * matches "
                "slashes, too. Every call unless given."},
};
inline constexpr Shape kInjectItem[] = {
    {.kind = Kind::Table, .keys = kInjectKeys}};
inline constexpr Shape kInject[] = {{.kind = Kind::Array, .item = kInjectItem}};

inline constexpr Key kEffectKeys[] = {
    {.name = "env",
     .value = kEnv,
     .shown = "NAME = \"value\" | false",
     .meaning = "Set variables of the environment; false unsets one.",
     .example = R"(env.GOENV = "off")"},
    {.name = "path",
     .value = kPathTable,
     .shown = "table",
     .meaning = "Change where programs are found."},
    {.name = "hide",
     .value = kPathList,
     .shown = "[path, …]",
     .meaning = "These paths do not exist; directories with their trees.",
     .example = R"(hide = ["/lib64/ld-linux-x86-64.so.2"])",
     .needs = "mount"},
    {.name = "files",
     .value = kFiles,
     .shown = "PATH = \"text\" | { text, base64, symlink, mode }",
     .meaning = "Write files and links; what was there is replaced, parents "
                "are made.",
     .example = R"(files."$WORK/go.work" = "go 1.20\n")"},
    {.name = "chmod",
     .value = kModes,
     .shown = "PATH = \"0000\"",
     .meaning = "Change modes. Root ignores most of them: see user.",
     .example = R"(chmod."$GOCACHE" = "0000")"},
    {.name = "truncate",
     .value = kSizes,
     .shown = "PATH = \"0B\"",
     .meaning = "Cut files to a size.",
     .example = R"(truncate."$GOTOOLDIR/compile" = "4KiB")"},
    {.name = "corrupt",
     .value = kCorruptions,
     .shown = "PATH = { offset, length }",
     .meaning = "Invert bytes of files.",
     .example = R"(corrupt."$GOTOOLDIR/compile" = { offset = 0, length = 4 })"},
    {.name = "mount",
     .value = kMounts,
     .shown = "PATH = { tmpfs, size, inodes, noexec, ro, from } | "
              "[[mount]] with at",
     .meaning = "Mount a tmpfs or another image's tree, or what is there with "
                "other flags.",
     .example = R"(mount."$TMP" = { size = "256KiB", noexec = true })",
     .needs = "mount"},
    {.name = "limit",
     .value = kLimits,
     .shown = "table",
     .meaning = "Lower resource limits, setrlimit(2)."},
    {.name = "user",
     .value = kUserText,
     .shown = "\"root\" | \"nobody\" | \"1000\"",
     .meaning = "Who runs the command.",
     .example = R"(user = "nobody")",
     .needs = "userns"},
    {.name = "umask",
     .value = kModeText,
     .shown = "\"077\"",
     .meaning = "The file mode creation mask.",
     .example = R"(umask = "0777")"},
    {.name = "net",
     .value = kNet,
     .shown = "\"none\" | \"loopback\" | \"host\"",
     .meaning = "Which network there is; none unless given.",
     .example = R"(net = "loopback")"},
    {.name = "proc",
     .value = kProc,
     .shown = "\"none\" | \"fresh\"",
     .meaning = "Whether /proc is mounted.",
     .example = R"(proc = "none")",
     .needs = "mount"},
    {.name = "dev", .value = kDev, .shown = "table", .meaning = "Change /dev."},
    {.name = "clock",
     .value = kClock,
     .shown = "\"+365d\"",
     .meaning = "Shift the clock that the command sees.",
     .example = R"(clock = "-3650d")"},
    {.name = "cache",
     .value = kCache,
     .shown = "\"cold\" | \"warm\" | \"pristine\"",
     .meaning = "Go's build cache: empty, filled with the standard library, or "
                "the image's own. Not given at the top: warm; the image's own "
                "where the letters of Go stand in nothing that makes the cage.",
     .example = R"(cache = "cold")"},
    {.name = "setup",
     .value = kSetup,
     .shown = "[argument, …] | { run } | { sh }",
     .meaning = "Commands before the command itself, untraced; a failing one "
                "is an error.",
     .example = R"(setup.run = ["go", "env", "-w", "GOFLAGS=-mod=vendor"])"},
    {.name = "inject",
     .value = kInject,
     .shown = "[{ call, errno, path }]",
     .meaning = "Answer a system call with an errno, without making it: for "
                "what nothing real can do, such as an old seccomp profile.",
     .example = R"(inject = [{ call = "clone3", errno = "EPERM" }])",
     .needs = "trace"},
};

}  // namespace driftcage::scenario::effect_format
