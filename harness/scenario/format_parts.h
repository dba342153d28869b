// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "harness/scenario/shape.h"
#include "harness/scenario/text_format.h"

// Shapes that several tables of the format use.
namespace driftcage::scenario {

// Each constant is a whole Value: an array of alternatives.
inline constexpr Shape kAnyText[] = {{.format = &kPlainText}};
inline constexpr Shape kProse[] = {{.format = &kSentence}};
inline constexpr Shape kPathText[] = {{.format = &kPath}};
inline constexpr Shape kSizeText[] = {{.format = &kSize}};
inline constexpr Shape kModeText[] = {{.format = &kMode}};
inline constexpr Shape kFlag[] = {{.kind = Kind::Boolean}};
inline constexpr Shape kCountNumber[] = {{.kind = Kind::Integer}};
inline constexpr Shape kProseList[] = {{.kind = Kind::Array, .item = kProse}};
inline constexpr Shape kPathList[] = {{.kind = Kind::Array, .item = kPathText}};
inline constexpr Shape kArgv[] = {{.kind = Kind::Array, .item = kAnyText}};

// One command as an argv, or several.
inline constexpr Shape kArgvItem[] = {{.format = &kPlainText},
                                      {.kind = Kind::Array, .item = kAnyText}};
inline constexpr Shape kCommands[] = {{.kind = Kind::Array, .item = kArgvItem}};

inline constexpr std::string_view kLegNames[] = {"control", "fault", "fix"};
inline constexpr Shape kLegText[] = {{.choices = kLegNames}};
inline constexpr Shape kLegs[] = {{.kind = Kind::Array, .item = kLegText}};

inline constexpr std::string_view kRunOrSh[] = {"run", "sh"};
inline constexpr std::string_view kCommandKeys[] = {"run", "sh", "step"};

}  // namespace driftcage::scenario
