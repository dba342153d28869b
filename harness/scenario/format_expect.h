// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "harness/scenario/format_parts.h"

namespace driftcage::scenario::expect_format {

// What one leg shows: exit and output.

inline constexpr Shape kExitCode = {
    .kind = Kind::Integer, .min = 0, .max = 255};
inline constexpr Shape kExitItem[] = {kExitCode};
inline constexpr std::string_view kExitWords[] = {"nonzero", "any"};
inline constexpr std::string_view kSignalOrSpawn[] = {"signal", "spawn"};
inline constexpr Shape kSignalText[] = {{.format = &kSignal}};
inline constexpr Shape kErrnoText[] = {{.format = &kErrno}};
inline constexpr Key kExitKeys[] = {
    {.name = "signal",
     .value = kSignalText,
     .shown = "\"SIGKILL\"",
     .meaning = "The command was killed by this signal."},
    {.name = "spawn",
     .value = kErrnoText,
     .shown = "\"ENOENT\"",
     .meaning = "The command could not be started: execve gave this errno."},
};
inline constexpr Shape kExit[] = {kExitCode,
                                  {.kind = Kind::Array, .item = kExitItem},
                                  {.choices = kExitWords},
                                  {.kind = Kind::Table,
                                   .keys = kExitKeys,
                                   .one_of = kSignalOrSpawn,
                                   .one_required = true}};

inline constexpr Shape kPiece[] = {{.format = &kSubstring}};
inline constexpr Shape kPieces[] = {{.format = &kSubstring},
                                    {.kind = Kind::Array, .item = kPiece}};
inline constexpr Shape kPattern[] = {{.format = &kRegex}};
inline constexpr Shape kPatterns[] = {{.format = &kRegex},
                                      {.kind = Kind::Array, .item = kPattern}};
inline constexpr Key kLegKeys[] = {
    {.name = "exit",
     .value = kExit,
     .shown =
         "code | [code, …] | \"nonzero\" | \"any\" | { signal } | { spawn }",
     .meaning = "How the command ends."},
    {.name = "stdout",
     .value = kPieces,
     .shown = "\"…\" | [\"…\"]",
     .meaning = "Standard output holds each of these texts."},
    {.name = "stderr",
     .value = kPieces,
     .shown = "\"…\" | [\"…\"]",
     .meaning = "Standard error holds each of these texts."},
    {.name = "stdout_re",
     .value = kPatterns,
     .shown = "'…' | ['…']",
     .meaning = "Standard output matches each of these RE2 expressions."},
    {.name = "stderr_re",
     .value = kPatterns,
     .shown = "'…' | ['…']",
     .meaning = "Standard error matches each of these RE2 expressions."},
};
inline constexpr Shape kLegExpect[] = {
    {.kind = Kind::Table, .keys = kLegKeys, .idle = "nothing is expected"}};

// [expect]

inline constexpr Shape kLineText[] = {{.format = &kEventLine}};
inline constexpr Shape kLines[] = {{.kind = Kind::Array, .item = kLineText}};
inline constexpr Shape kIdText[] = {{.format = &kId}};

inline constexpr std::string_view kVerbs[] = {
    "exec", "open",  "stat",    "readlink", "mkdir", "getcwd", "write",
    "map",  "spawn", "connect", "lookup",   "load",  "any"};
inline constexpr Shape kVerbText[] = {{.choices = kVerbs}};
inline constexpr std::string_view kLists[] = {"see", "never", "keep"};
inline constexpr Shape kListName[] = {{.choices = kLists}};
inline constexpr Shape kGlobText[] = {{.format = &kEventGlob}};
inline constexpr Shape kResultText[] = {{.format = &kEventResult}};
inline constexpr Shape kCount[] = {{.kind = Kind::Integer},
                                   {.format = &kEventCount}};
inline constexpr Shape kCallText[] = {{.format = &kSyscallName}};
inline constexpr Shape kCaptureText[] = {{.format = &kEnvName}};
inline constexpr Key kEventKeys[] = {
    {.name = "in",
     .value = kListName,
     .shown = "\"see\" | \"never\" | \"keep\"",
     .meaning = "The list that the line belongs to; see unless given."},
    {.name = "verb",
     .value = kVerbText,
     .shown = "\"open\"",
     .meaning = "What is done.",
     .required = true},
    {.name = "subject",
     .value = kGlobText,
     .shown = "glob",
     .meaning = "The path or name that it is done to.",
     .required = true},
    {.name = "result",
     .value = kResultText,
     .shown = "\"ENOENT\"",
     .meaning = "How it ends; any result unless given."},
    {.name = "by",
     .value = kGlobText,
     .shown = "glob",
     .meaning = "The program that does it: base name or path."},
    {.name = "count",
     .value = kCount,
     .shown = "2 | \">=2\" | \"<=2\" | \"2..5\"",
     .meaning = "How often; at least once unless given."},
    {.name = "syscall",
     .value = kCallText,
     .shown = "\"faccessat2\"",
     .meaning = "Only this system call of the verb's family."},
    {.name = "say",
     .value = kProse,
     .shown = "text",
     .meaning = "What the line means."},
    {.name = "hint",
     .value = kProse,
     .shown = "text",
     .meaning = "Where to look when it fails."},
    {.name = "id",
     .value = kIdText,
     .shown = "\"no-cc\"",
     .meaning = "Names the line in reports."},
    {.name = "capture",
     .value = kCaptureText,
     .shown = "name",
     .meaning = "Keeps the path of the first such event as ${name}, for "
                "where."},
};
inline constexpr Shape kEvent[] = {{.kind = Kind::Table, .keys = kEventKeys}};
inline constexpr Shape kEvents[] = {{.kind = Kind::Array, .item = kEvent}};

inline constexpr Shape kStepList[] = {
    {.kind = Kind::Array, .min = 2, .item = kLineText}};
inline constexpr Key kSequenceKeys[] = {
    {.name = "in",
     .value = kListName,
     .shown = "\"see\" | \"never\" | \"keep\"",
     .meaning = "The list that it belongs to; see unless given."},
    {.name = "steps",
     .value = kStepList,
     .shown = "[line, line, …]",
     .meaning = "Events in this order, by the process of the first step and "
                "those that it starts. No counts.",
     .required = true},
    {.name = "gap_never",
     .value = kLines,
     .shown = "[line, …]",
     .meaning = "Events that must not come between them."},
    {.name = "say",
     .value = kProse,
     .shown = "text",
     .meaning = "What the order means."},
    {.name = "hint",
     .value = kProse,
     .shown = "text",
     .meaning = "Where to look when it fails."},
    {.name = "id",
     .value = kIdText,
     .shown = "\"wrong-tool\"",
     .meaning = "Names it in reports."},
};
inline constexpr Shape kSequence[] = {
    {.kind = Kind::Table, .keys = kSequenceKeys}};
inline constexpr Shape kSequences[] = {
    {.kind = Kind::Array, .item = kSequence}};

inline constexpr Shape kConditionText[] = {{.format = &kCondition}};
inline constexpr Shape kConditions[] = {
    {.kind = Kind::Array, .item = kConditionText}};
inline constexpr Key kSignatureKeys[] = {
    {.name = "see",
     .value = kLines,
     .shown = "[line, …]",
     .meaning = "Flips: there under the fault, absent in control and in every "
                "right fix."},
    {.name = "never",
     .value = kLines,
     .shown = "[line, …]",
     .meaning = "Flips: absent under the fault, there in control and in every "
                "right fix."},
    {.name = "keep",
     .value = kLines,
     .shown = "[line, …]",
     .meaning = "Holds in every leg."},
    {.name = "event",
     .value = kEvents,
     .shown = "[[expect.event]]",
     .meaning = "A line in its long form."},
    {.name = "sequence",
     .value = kSequences,
     .shown = "[[expect.sequence]]",
     .meaning = "Lines in order."},
    {.name = "where",
     .value = kConditions,
     .shown = "['${a} == ${b}', …]",
     .meaning = "Flips, like see: conditions on captured values, with ==, != "
                "or under."},
};
inline constexpr Shape kExpect[] = {{.kind = Kind::Table,
                                     .keys = kSignatureKeys,
                                     .shared = kLegKeys,
                                     .idle = "nothing is expected"}};

}  // namespace driftcage::scenario::expect_format
