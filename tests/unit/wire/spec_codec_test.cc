// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "harness/wire/codec.h"

namespace driftcage::wire {
namespace {

model::CageSpec full_spec() {
  namespace op = model::op;
  model::CageSpec spec;
  spec.root = "/srv/root";
  spec.root_is_host = false;
  spec.root_own_ids = true;
  spec.masks = {"/home", "/root"};
  spec.let_in = {{"/root/sdk/go", "/root/sdk/go", true, false}};
  spec.ops = {op::MakeDirectory{"/work", 0700},
              op::WriteFile{"/work/main.go", std::string("a\0b", 3), 0600},
              op::MakeSymlink{"/a", "b"},
              op::Hide{"/usr/bin/gcc"},
              op::Chmod{"/x", 0},
              op::Truncate{"/x", 7},
              op::Corrupt{"/x", 1, 2},
              op::MountTmpfs{"/tmp", 4096, std::nullopt, 01777, true, false},
              op::Remount{"/home", true, true},
              op::MountTree{"/h", "/c", false, true, true, "/i"},
              op::MountShared{"/h", "/c"},
              op::DropPrograms{{"gcc", "*-gcc"}},
              op::RunCommand{{"go", "clean"}, true}};
  spec.argv = {"go", "run", "."};
  spec.environment = {{"PATH", "/bin"}, {"EMPTY", ""}};
  spec.directory = "/work";
  spec.uid = 1000;
  spec.gid = 1001;
  spec.groups = {4, 27};
  spec.umask = 077;
  spec.limits.nofile = 8;
  spec.network = model::Network::Loopback;
  spec.proc = model::ProcView::None;
  spec.drop_devices = {"null"};
  spec.clock_offset_s = -5;
  spec.hostname = "h";
  spec.injections = {{"openat", "/etc/*", 13}};
  spec.trace = {model::Engine::Ptrace,
                0x7ff,
                false,
                true,
                1,
                false,
                true,
                true,
                0x4,
                {"gcc*"}};
  spec.timeout_ms = 1;
  return spec;
}

TEST(SpecCodec, EveryFieldComesBack) {
  EXPECT_EQ(decode_spec(encode_spec(full_spec())), full_spec());
  EXPECT_EQ(decode_spec(encode_spec(model::CageSpec())), model::CageSpec());
}

TEST(SpecCodec, EveryCutFails) {
  const std::string whole = encode_spec(full_spec());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_spec(std::string_view(whole).substr(0, size)));
  }
  EXPECT_FALSE(decode_spec(whole + "x"));
}

TEST(SpecCodec, TwoBuildsAreToldApart) {
  std::string bytes = encode_spec(full_spec());
  bytes[0] = static_cast<char>(kVersion + 1);
  const auto result = decode_spec(bytes);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().hint.find("two builds"), std::string::npos);
}

}  // namespace
}  // namespace driftcage::wire
