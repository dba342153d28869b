// SPDX-License-Identifier: Apache-2.0
#include "harness/wire/codec.h"

#include <gtest/gtest.h>

#include <random>

namespace driftcage::wire {
namespace {

model::Event full_event() {
  model::Event event;
  event.seq = 300;
  event.process = 2;
  event.generation = 1;
  event.tid = 17;
  event.verb = model::Verb::Exec;
  event.syscall = model::Syscall::Execveat;
  event.abi = model::Abi::I386;
  event.enter_ns = 1ull << 60;
  event.exit_ns = ~0ull;
  event.result = -1;
  event.err = 2;
  event.dirfd = -100;
  event.flags = 0x80000000u;
  event.mode = 0644;
  event.path = std::string("a\0\xff", 3);
  event.abs = "/work/a";
  event.real = "";
  event.cause = model::Cause::NoLoader;
  event.cause_at = "/lib64/ld-linux-x86-64.so.2";
  event.exec = model::ExecDetail{
      {"a", ""}, {"PATH=/bin", "X"},          true,
      "/bin/a",  {"/bin/sh", "/lib64/ld.so"}, "/usr/lib/ld.so"};
  event.cause_note = "mode 0700, owner 0:0, caller 1:1";
  event.file = model::FileId{1ull << 40, ~0ull, true};
  event.elf =
      model::ElfSearch{"/a", "/b", {"libc.so.6"}, model::ElfKind::Loader};
  event.origins = "RUNPATH:ld.so.cache";
  return event;
}

std::vector<Record> one_of_each() {
  CageUp up{"full", {{"overlay", 12}, {"proc", 3}}, {"note"}};
  End end;
  end.outcome = Outcome::CageError;
  end.status = base::WaitStatus::signalled(9);
  end.error = {"mount", "/proc", 1, "hint"};
  end.integrity = model::kIoUring;
  end.events = 5;
  end.left_behind = 2;
  return {Hello{kVersion, 99, "seccomp"},
          up,
          model::ProcessStart{1, 0, 2, 5},
          full_event(),
          model::ProcessEnd{1, 7, base::WaitStatus::exited(3)},
          end,
          model::Mapped{1, 2, 9, {{"/lib/x.so", {1, 2, false}, 5}}},
          Seal{"sha256:00"}};
}

std::string stream() {
  std::string bytes;
  for (const Record& record : one_of_each()) encode(record, bytes);
  return bytes;
}

std::vector<Record> drain(Decoder& decoder, bool* failed) {
  std::vector<Record> records;
  while (true) {
    auto next = decoder.next();
    if (!next) {
      *failed = true;
      return records;
    }
    if (!*next) return records;
    records.push_back(std::move(**next));
  }
}

TEST(Codec, EveryRecordComesBackEqual) {
  Decoder decoder;
  decoder.feed(stream());
  bool failed = false;
  EXPECT_EQ(drain(decoder, &failed), one_of_each());
  EXPECT_FALSE(failed);
  EXPECT_EQ(decoder.pending(), 0u);
}

TEST(Codec, HotOverloadWritesTheSameBytes) {
  std::string direct;
  std::string variant;
  encode(full_event(), direct);
  encode(Record(full_event()), variant);
  EXPECT_EQ(direct, variant);
}

TEST(Codec, BytewiseFeedingGivesTheSame) {
  Decoder decoder;
  std::vector<Record> records;
  bool failed = false;
  for (const char byte : stream()) {
    decoder.feed(std::string_view(&byte, 1));
    for (Record& record : drain(decoder, &failed)) {
      records.push_back(std::move(record));
    }
  }
  EXPECT_EQ(records, one_of_each());
}

TEST(Codec, EveryCutIsPendingNotARecord) {
  const std::string whole = stream();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Decoder decoder;
    decoder.feed(std::string_view(whole).substr(0, size));
    bool failed = false;
    const std::size_t records = drain(decoder, &failed).size();
    EXPECT_FALSE(failed) << size;
    EXPECT_LT(records, one_of_each().size());
  }
}

TEST(Codec, OtherVersionIsRefusedByName) {
  std::string bytes;
  encode(Record(Hello{kVersion + 1, 0, ""}), bytes);
  Decoder decoder;
  decoder.feed(bytes);
  const auto next = decoder.next();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().object, "version " + std::to_string(kVersion + 1));
}

TEST(Codec, HostileLengthsAndKindsFail) {
  for (const std::string& bytes :
       {std::string("\xff\xff\xff\xff\x01", 5), std::string(5, '\0'),
        std::string("\x01\0\0\0\x63", 5),
        std::string("\x02\0\0\0\x03\xff", 6)}) {
    Decoder decoder;
    decoder.feed(bytes);
    EXPECT_FALSE(decoder.next());
    decoder.feed(stream());
    EXPECT_FALSE(decoder.next()) << "a failed decoder stays failed";
  }
}

TEST(Codec, EnumerationsOutOfRangeFail) {
  const auto fails = [](const model::Event& event) {
    std::string bytes;
    encode(event, bytes);
    Decoder decoder;
    decoder.feed(bytes);
    return !decoder.next();
  };
  EXPECT_FALSE(fails(full_event()));
  model::Event event = full_event();
  event.cause = static_cast<model::Cause>(99);
  EXPECT_TRUE(fails(event));
  event = full_event();
  event.elf->kind = static_cast<model::ElfKind>(99);
  EXPECT_TRUE(fails(event));
}

TEST(Codec, ChangedBytesNeverCrash) {
  const std::string whole = stream();
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = whole;
    for (int change = 0; change < 3; ++change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    Decoder decoder;
    decoder.feed(bytes);
    bool failed = false;
    EXPECT_LE(drain(decoder, &failed).size(), bytes.size());
  }
}

}  // namespace
}  // namespace driftcage::wire
