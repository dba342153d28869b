// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "harness/scenario/format_effects.h"
#include "harness/scenario/format_expect.h"

// Keys that are checked as strictly as the others, and then refused by name:
// a file that uses them is right, and nothing can run it yet.
namespace driftcage::scenario::later_format {

using effect_format::kEnv;
using expect_format::kExpect;

inline constexpr Key kStepKeys[] = {
    {.name = "name",
     .value = kProse,
     .shown = "text",
     .meaning = "Its name.",
     .required = true},
    {.name = "run", .value = kArgv, .shown = "argv", .meaning = "The command."},
    {.name = "sh",
     .value = kProse,
     .shown = "line",
     .meaning = "A shell line."},
    {.name = "env", .value = kEnv, .shown = "table", .meaning = "Environment."},
    {.name = "legs", .value = kLegs, .shown = "[leg, …]", .meaning = "Where."},
    {.name = "trace",
     .value = kProseList,
     .shown = "[verb, …]",
     .meaning = "What is recorded."},
    {.name = "expect",
     .value = kExpect,
     .shown = "table",
     .meaning = "What it shows."},
};
inline constexpr Shape kStep[] = {{.kind = Kind::Table,
                                   .keys = kStepKeys,
                                   .one_of = kRunOrSh,
                                   .one_required = true}};
inline constexpr Shape kSteps[] = {{.kind = Kind::Array, .item = kStep}};

inline constexpr Shape kCell[] = {
    {.kind = Kind::Table, .name_format = &kEnvName, .any = kAnyText}};
inline constexpr Shape kCells[] = {{.kind = Kind::Array, .item = kCell}};
inline constexpr Key kMatrixKeys[] = {
    {.name = "name", .value = kProse, .shown = "text", .meaning = "Its name."},
    {.name = "skip",
     .value = kCells,
     .shown = "[{ … }]",
     .meaning = "Combinations to leave out."},
};
inline constexpr Shape kMatrix[] = {{.kind = Kind::Table,
                                     .keys = kMatrixKeys,
                                     .name_format = &kEnvName,
                                     .any = kProseList}};

inline constexpr Shape kDate[] = {{.kind = Kind::Date}};
inline constexpr Key kXfailKeys[] = {
    {.name = "why",
     .value = kProse,
     .shown = "text",
     .meaning = "The reason.",
     .required = true},
    {.name = "until",
     .value = kDate,
     .shown = "2027-03-01",
     .meaning = "After this date it counts as a failure.",
     .required = true},
    {.name = "when",
     .value = kProse,
     .shown = "condition",
     .meaning = "Only then."},
    {.name = "issue",
     .value = kProse,
     .shown = "text",
     .meaning = "Where it is tracked."},
    {.name = "strict",
     .value = kFlag,
     .shown = "true",
     .meaning = "An unexpected pass is a failure."},
};
inline constexpr Shape kXfail[] = {{.kind = Kind::Table, .keys = kXfailKeys}};
inline constexpr Shape kXfails[] = {{.kind = Kind::Array, .item = kXfail}};

inline constexpr Key kOnFailKeys[] = {
    {.name = "keep",
     .value = kProseList,
     .shown = "[path, …]",
     .meaning = "What to keep of a failed leg."},
    {.name = "collect",
     .value = kCommands,
     .shown = "[argv, …]",
     .meaning = "Commands to run in a failed leg."},
};
inline constexpr Shape kOnFail[] = {{.kind = Kind::Table, .keys = kOnFailKeys}};

}  // namespace driftcage::scenario::later_format
