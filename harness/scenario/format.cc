// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/format_effects.h"
#include "harness/scenario/format_expect.h"
#include "harness/scenario/format_parts.h"
#include "harness/scenario/format_run.h"

// The whole file, from its leaves up.
namespace driftcage::scenario {
namespace {

using effect_format::kEffectKeys;
using expect_format::kExpect;
using expect_format::kIdText;
using expect_format::kLegExpect;

// [needs]

constexpr Shape kVersionText[] = {{.format = &kVersionWant}};
constexpr Shape kTools[] = {
    {.kind = Kind::Table, .name_format = &kProgramName, .any = kVersionText}};
constexpr std::string_view kFeatureNames[] = {
    "userns", "mount", "overlay", "proc", "net", "trace", "ids>=2"};
constexpr Shape kFeatureText[] = {{.choices = kFeatureNames}};
constexpr Shape kFeatures[] = {{.kind = Kind::Array, .item = kFeatureText}};
constexpr std::string_view kLibcs[] = {"glibc", "musl"};
constexpr Shape kLibc[] = {{.choices = kLibcs}};
constexpr std::string_view kArchNames[] = {"amd64", "arm64", "386", "arm"};
constexpr Shape kArchText[] = {{.choices = kArchNames}};
constexpr Shape kArchs[] = {{.kind = Kind::Array, .item = kArchText}};
constexpr Key kNeedsKeys[] = {
    {.name = "tools",
     .value = kTools,
     .shown = "{ go = \">=1.20\", gcc = \"*\" }",
     .meaning = "Programs of the image, with their versions."},
    {.name = "features",
     .value = kFeatures,
     .shown = "[feature, …]",
     .meaning = "What the host must be able to do; see driftcage doctor."},
    {.name = "libc",
     .value = kLibc,
     .shown = "\"glibc\" | \"musl\"",
     .meaning = "The image's C library."},
    {.name = "arch",
     .value = kArchs,
     .shown = "[\"amd64\", …]",
     .meaning = "One of these architectures, by Go's names."},
};
constexpr Shape kNeeds[] = {
    {.kind = Kind::Table, .keys = kNeedsKeys, .idle = "nothing is needed"}};

// [[fault]] and [[fix]]

constexpr Key kFaultKeys[] = {
    {.name = "id",
     .value = kIdText,
     .shown = "\"no-cc\"",
     .meaning = "Its name, for lift. The only fault of a file may go without: "
                "it is called fault.",
     .label = true},
};
constexpr Key kFixKeys[] = {
    {.name = "id",
     .value = kIdText,
     .shown = "\"cc-back\"",
     .meaning = "Its name; the leg is called fix:<id>.",
     .required = true,
     .label = true},
    {.name = "say",
     .value = kProse,
     .shown = "text",
     .meaning = "What a person would do.",
     .label = true},
    {.name = "lift",
     .value = kProseList,
     .shown = "[fault id, …]",
     .meaning = "These faults are undone."},
    {.name = "run",
     .value = kCommands,
     .shown = "[argument, …]",
     .meaning = "One command as an argv, or a list of them, before the "
                "scenario's own; a failing one does not end the leg."},
    {.name = "sh",
     .value = kProse,
     .shown = "\"line\"",
     .meaning = "The same as one line for /bin/sh."},
    {.name = "wrong",
     .value = kFlag,
     .shown = "true",
     .meaning = "A decoy: tempting, and proven not to help.",
     .label = true},
    {.name = "expect",
     .value = kLegExpect,
     .shown = "{ exit, stdout, … }",
     .meaning = "What this leg shows; exit 0 unless given.",
     .label = true},
};

constexpr Shape kFault[] = {{.kind = Kind::Table,
                             .keys = kFaultKeys,
                             .shared = kEffectKeys,
                             .idle = "the fault changes nothing"}};
constexpr Shape kFaults[] = {{.kind = Kind::Array, .item = kFault}};
constexpr Shape kFix[] = {
    {.kind = Kind::Table,
     .keys = kFixKeys,
     .shared = kEffectKeys,
     .one_of = kRunOrSh,
     .idle = "the fix neither lifts a fault nor changes anything"}};
constexpr Shape kFixes[] = {{.kind = Kind::Array, .item = kFix}};

// [[xfail]]

constexpr Shape kDate[] = {{.kind = Kind::Date}};
constexpr Shape kImageText[] = {{.format = &kImageGlob}};
constexpr Key kXfailKeys[] = {
    {.name = "why",
     .value = kProse,
     .shown = "text",
     .meaning = "The reason.",
     .required = true},
    {.name = "until",
     .value = kDate,
     .shown = "2027-03-01",
     .meaning = "The last day; afterwards the verdict is expired.",
     .required = true},
    {.name = "when",
     .value = kNeeds,
     .shown = "table",
     .meaning = "Only where these needs are met; keys as in needs."},
    {.name = "image",
     .value = kImageText,
     .shown = "\"golang-1.2*\"",
     .meaning = "Only on images that match this glob."},
    {.name = "issue",
     .value = kProse,
     .shown = "\"golang/go#12345\"",
     .meaning = "Where it is tracked."},
    {.name = "strict",
     .value = kFlag,
     .shown = "false",
     .meaning = "An unexpected pass is xpass, a bad verdict, unless this is "
                "false."},
};
constexpr Shape kXfail[] = {{.kind = Kind::Table, .keys = kXfailKeys}};
constexpr Shape kXfails[] = {{.kind = Kind::Array, .item = kXfail}};

// A file of waivers: expected failures, told from outside.

constexpr Shape kScenarioGlobText[] = {{.format = &kSentence}};
constexpr Key kWaiverKeys[] = {
    {.name = "id",
     .value = kScenarioGlobText,
     .shown = "\"go/cgo-*\"",
     .meaning = "The scenarios: a glob over their ids.",
     .required = true},
};
constexpr Shape kWaiver[] = {
    {.kind = Kind::Table, .keys = kWaiverKeys, .shared = kXfailKeys}};
constexpr Shape kWaivers[] = {{.kind = Kind::Array, .item = kWaiver}};

// [learn]

constexpr Shape kTyped[] = {
    {.kind = Kind::Table, .name_format = &kId, .any = kProseList}};
constexpr Shape kLevel[] = {{.kind = Kind::Integer, .min = 1, .max = 5}};
constexpr Key kLearnKeys[] = {
    {.name = "level",
     .value = kLevel,
     .shown = "1 … 5",
     .meaning = "How hard the lesson is."},
    {.name = "order",
     .value = kCountNumber,
     .shown = "number",
     .meaning = "Its place among the lessons of its level."},
    {.name = "story",
     .value = kProse,
     .shown = "text",
     .meaning = "What happened, as the learner is told."},
    {.name = "goal",
     .value = kProse,
     .shown = "text",
     .meaning = "What is to be reached; unless given, that the command works."},
    {.name = "ask",
     .value = kProse,
     .shown = "text",
     .meaning = "The question, to be answered before anything is repaired; "
                "never graded."},
    {.name = "hints",
     .value = kProseList,
     .shown = "[text, …]",
     .meaning = "Help, one after the other."},
    {.name = "forbid",
     .value = kProseList,
     .shown = "[text, …]",
     .meaning = "Ways out that do not count."},
    {.name = "protect",
     .value = kProseList,
     .shown = "[path, …]",
     .meaning = "Files that must stay as they are; unless given, the source "
                "files of [files] that no right fix changes."},
    {.name = "type",
     .value = kTyped,
     .shown = "{ fix id = [line, …] }",
     .meaning = "What a student types for a fix, line by line; unless given, "
                "made from its effects where these can be typed."},
    {.name = "debrief",
     .value = kProse,
     .shown = "text",
     .meaning = "What there was to learn."},
};
constexpr Shape kLearn[] = {{.kind = Kind::Table, .keys = kLearnKeys}};

// The file.

constexpr Shape kVersion[] = {{.kind = Kind::Integer, .min = 1, .max = 1}};
constexpr Shape kScenarioIdText[] = {{.format = &kScenarioId}};
constexpr Shape kTagText[] = {{.format = &kTag}};
constexpr Shape kTagWord[] = {{.format = &kTag}};
constexpr Shape kTags[] = {{.kind = Kind::Array, .item = kTagText}};
constexpr Shape kDurationText[] = {{.format = &kDuration}};

constexpr Shape kRetries[] = {{.kind = Kind::Integer, .max = 100}};

constexpr Key kFileKeys[] = {
    {.name = "schema",
     .value = kVersion,
     .shown = "1",
     .meaning = "The version of the format.",
     .required = true},
    {.name = "id",
     .value = kScenarioIdText,
     .shown = "\"go/path-missing-gcc\"",
     .meaning = "The file's path below scenarios/, without .toml.",
     .required = true},
    {.name = "title",
     .value = kProse,
     .shown = "text",
     .meaning = "One line that says what is wrong.",
     .required = true},
    {.name = "about",
     .value = kProse,
     .shown = "text",
     .meaning =
         "What happens in the kernel and why, in two to five sentences."},
    {.name = "tags",
     .value = kTags,
     .shown = "[tag, …]",
     .meaning = "Words to select by."},
    {.name = "refs",
     .value = kProseList,
     .shown = "[\"golang/go#47251\", …]",
     .meaning = "Where it was reported."},
    {.name = "symptoms",
     .value = kProseList,
     .shown = "[\"go: command not found\", …]",
     .meaning = "Messages, beside those of [expect], by which people meet it."},
    run_format::kRunKey,
    run_format::kShKey,
    {.name = "timeout",
     .value = kDurationText,
     .shown = "\"60s\"",
     .meaning = "How long a leg may take; 60s unless given."},
    {.name = "group",
     .value = kTagWord,
     .shown = "\"net\"",
     .meaning = "One scenario of a group runs at a time; --group lets more."},
    {.name = "exclusive",
     .value = kFlag,
     .shown = "true",
     .meaning = "Nothing else runs meanwhile."},
    {.name = "legs",
     .value = kLegs,
     .shown = "[\"fault\"]",
     .meaning = "Only the fault leg: a weak scenario."},
    {.name = "needs",
     .value = kNeeds,
     .shown = "table",
     .meaning = "What must be there; else the scenario is skipped."},
    {.name = "fault",
     .value = kFaults,
     .shown = "[[fault]]",
     .meaning = "A typed change of the healthy cage, by effects."},
    {.name = "expect",
     .value = kExpect,
     .shown = "table",
     .meaning = "What the fault leg shows.",
     .required = true},
    {.name = "control",
     .value = kLegExpect,
     .shown = "table",
     .meaning = "What the leg without fault shows; exit 0 unless given."},
    {.name = "fix",
     .value = kFixes,
     .shown = "[[fix]]",
     .meaning = "A way to heal the fault, or a decoy: lift, run or effects."},
    {.name = "learn",
     .value = kLearn,
     .shown = "table",
     .meaning = "Turns the scenario into a lesson; changes no verdict."},
    {.name = "matrix",
     .value = run_format::kMatrix,
     .shown = "table",
     .meaning = "Lists of values: the file is a scenario for each "
                "combination."},
    {.name = "include",
     .value = kProseList,
     .shown = "[file, …]",
     .meaning = "Takes keys from other files, relative to this one; its own "
                "keys win, tables are merged."},
    {.name = "step",
     .value = run_format::kSteps,
     .shown = "[[step]]",
     .meaning = "Several commands in one cage, instead of run or sh."},
    {.name = "xfail",
     .value = kXfails,
     .shown = "[[xfail]]",
     .meaning = "A known failure, until a date."},
    {.name = "on_fail",
     .value = run_format::kOnFail,
     .shown = "table",
     .meaning = "What to ask when the verdict is bad."},
    {.name = "retries",
     .value = kRetries,
     .shown = "number",
     .meaning = "How often a bad verdict is tried again, 100 times at most; "
                "--retries can only raise it."},
};

constexpr Key kWaiverFileKeys[] = {
    {.name = "schema",
     .value = kVersion,
     .shown = "1",
     .meaning = "The version of the format.",
     .required = true},
    {.name = "waiver",
     .value = kWaivers,
     .shown = "[[waiver]]",
     .meaning = "Failures of some scenarios that are known.",
     .required = true},
};
constexpr Shape kWaiverFile = {.kind = Kind::Table, .keys = kWaiverFileKeys};

constexpr Shape kFile = {.kind = Kind::Table,
                         .keys = kFileKeys,
                         .shared = kEffectKeys,
                         .one_of = kCommandKeys,
                         .one_required = true};

constexpr Shape kPart = {.kind = Kind::Table,
                         .keys = kFileKeys,
                         .shared = kEffectKeys,
                         .one_of = kCommandKeys,
                         .optional = true};

}  // namespace

const Shape& part_shape() { return kPart; }

const Shape& file_shape() { return kFile; }

const Shape& waiver_file_shape() { return kWaiverFile; }

std::span<const Key> effect_keys() { return kEffectKeys; }

const Key* find_key(const Shape& table, std::string_view name) {
  for (const auto keys : {table.keys, table.shared}) {
    for (const Key& key : keys) {
      if (key.name == name) return &key;
    }
  }
  return nullptr;
}

}  // namespace driftcage::scenario
