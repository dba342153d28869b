// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "harness/scenario/format_effects.h"
#include "harness/scenario/format_expect.h"

// What is run, and how often: steps, a matrix, what comes after a failure.
namespace driftcage::scenario::run_format {

using effect_format::kEnv;
using expect_format::kLegExpect;

// The command of a scenario and of a step alike.
inline constexpr Key kRunKey = {.name = "run",
                                .value = kArgv,
                                .shown = "[program, argument, …]",
                                .meaning = "The command, without a shell."};
inline constexpr Key kShKey = {
    .name = "sh",
    .value = kProse,
    .shown = "\"line\"",
    .meaning = "The command as one line for /bin/sh."};

inline constexpr Key kStepKeys[] = {
    {.name = "name",
     .value = kProse,
     .shown = "text",
     .meaning = "What it does, for reports.",
     .required = true},
    kRunKey,
    kShKey,
    {.name = "env",
     .value = kEnv,
     .shown = "NAME = \"value\" | false",
     .meaning = "Variables of this step only."},
    {.name = "legs",
     .value = kLegs,
     .shown = "[\"control\", \"fault\", \"fix\"]",
     .meaning = "Only in these legs; in all unless given."},
    {.name = "expect",
     .value = kLegExpect,
     .shown = "{ exit, stdout, … }",
     .meaning = "What the step shows in the fault leg and with a decoy; exit 0 "
                "unless given."},
};
inline constexpr Shape kStep[] = {{.kind = Kind::Table,
                                   .keys = kStepKeys,
                                   .one_of = kRunOrSh,
                                   .one_required = true}};
inline constexpr Shape kSteps[] = {{.kind = Kind::Array, .item = kStep}};

inline constexpr Shape kCell[] = {
    {.kind = Kind::Table, .name_format = &kMatrixName, .any = kAnyText}};
inline constexpr Shape kCells[] = {{.kind = Kind::Array, .item = kCell}};
inline constexpr Key kMatrixKeys[] = {
    {.name = "name",
     .value = kProse,
     .shown = "\"${old}-${new}\"",
     .meaning = "What stands in the brackets of the id; the values, joined by "
                "commas, unless given.",
     .label = true},
    {.name = "skip",
     .value = kCells,
     .shown = "[{ old = \"1.22\" }]",
     .meaning = "Combinations to leave out: those with these values.",
     .label = true},
};
inline constexpr Shape kMatrix[] = {{.kind = Kind::Table,
                                     .keys = kMatrixKeys,
                                     .name_format = &kMatrixName,
                                     .any = kProseList,
                                     .idle = "the matrix has no values"}};

inline constexpr Key kOnFailKeys[] = {
    {.name = "collect",
     .value = kCommands,
     .shown = "[[program, argument, …], …]",
     .meaning =
         "One command as an argv, or a list of them, untraced; what they "
         "print goes into the run record.",
     .required = true},
};
inline constexpr Shape kOnFail[] = {{.kind = Kind::Table, .keys = kOnFailKeys}};

}  // namespace driftcage::scenario::run_format
