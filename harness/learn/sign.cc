// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/sign.h"

#include <unistd.h>

#include "harness/base/sys.h"
#include "harness/learn/session.h"
#include "harness/run/folders.h"

namespace driftcage::learn {

base::Result<Sign> Sign::put_up(const std::string& socket) {
  Sign sign;
  const std::string file = DRIFTCAGE_TRY(run::state_folder()) + "/learn.door";
  DRIFTCAGE_CHECK_OK(base::sys::replace_file(file, socket + "\n"));
  sign.file_ = file;
  sign.text_ = socket + "\n";
  return sign;
}

Sign::~Sign() {
  if (file_.empty()) return;
  // A lesson that began later has put up its own.
  const auto text = base::sys::read_file(file_);
  if (text && *text == text_) ::unlink(file_.c_str());
}

base::Result<std::string> open_session() {
  const std::string file = DRIFTCAGE_TRY(run::state_folder()) + "/learn.door";
  auto text = base::sys::read_file(file);
  if (!text) {
    return base::fail("find a running lesson", file, text.error().err,
                      "begin one in another terminal: driftcage learn 1");
  }
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return text;
}

}  // namespace driftcage::learn
