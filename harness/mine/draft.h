// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/mine/fix_ideas.h"

// Scenario files as text. What the authoring commands write is meant to be
// read and edited by people afterwards.
namespace driftcage::mine {

// What a scenario says besides its signature.
struct Head {
  std::string id;
  std::string title;
  std::string about;  // may be empty
  std::vector<std::string> tags;
  std::vector<std::string> refs;
  std::vector<std::string> run;
  std::string timeout;                       // "60s"
  std::vector<std::string> baseline;         // TOML lines of every leg
  std::map<std::string, std::string> tools;  // needs
  std::map<std::string, std::string> files;
  std::string fault_id;
  std::vector<std::string> fault;  // its lines
};
[[nodiscard]] std::string head_text(const Head& head);

struct Signature {
  std::string exit;    // TOML value; may be empty
  std::string error;   // substring of standard error; may be empty
  std::string output;  // of standard output
  std::vector<std::string> see;
  std::vector<std::string> never;
  std::vector<std::string> keep;
};
struct Fix {
  FixIdea idea;
  bool wrong = false;
};

// The whole file: the head with the signature and the fixes below it.
[[nodiscard]] std::string compose(const std::string& head,
                                  const Signature& signature,
                                  const std::vector<Fix>& fixes);

// Calls `visit` for each line of a TOML text, without its end; `inside_text`:
// it begins or ends within a string of several lines.
void for_each_line(const std::string& text,
                   const std::function<void(const std::string& line,
                                            bool inside_text)>& visit);

// A scenario's text without [expect], [control] and [[fix]], with another id:
// what stands above stays as it is, byte for byte.
[[nodiscard]] std::string head_of(const std::string& scenario,
                                  const std::string& id);

}  // namespace driftcage::mine
