// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/effects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plan/grounds.h"

namespace driftcage::plan {
namespace {

namespace op = model::op;
using model::CageOp;
using scenario::CacheState;
using scenario::Effects;
using testing::ElementsAre;
using testing::Pair;

// Builds one leg from stages and gives its spec, without the healthy part.
class LegBuilderTest : public testing::Test {
 protected:
  void SetUp() override {
    ground_.warm_cache.clear();
    healthy_.environment = {{"PATH", "/usr/local/bin:/usr/bin"}, {"A", "a"}};
  }

  model::CageSpec build(const std::vector<Effects>& stages,
                        CacheState cache = CacheState::Warm) {
    const auto variables = healthy_variables(ground_);
    Expander expand(variables);
    LegBuilder builder(ground_, expand, healthy_, cache);
    for (const Effects& stage : stages) {
      const auto added = builder.add(stage);
      EXPECT_TRUE(added) << added.error().message();
    }
    return builder.finish();
  }
  base::Status try_stage(const Effects& stage) {
    const auto variables = healthy_variables(ground_);
    Expander expand(variables);
    return LegBuilder(ground_, expand, healthy_, CacheState::Warm).add(stage);
  }

  Ground ground_ = host_ground();
  model::CageSpec healthy_;
};

TEST_F(LegBuilderTest, LaterStagesOverrideTheEnvironment) {
  Effects first;
  first.env = {{"A", "$WORK"}, {"B", "b"}, {"C", "$A:$HOME"}};
  Effects second;
  second.env = {{"A", std::nullopt}, {"B", "$B$B"}};
  EXPECT_THAT(build({first, second}).environment,
              ElementsAre(Pair("B", "bb"), Pair("C", "/work:/home/cage"),
                          Pair("PATH", "/usr/local/bin:/usr/bin")));
}

TEST_F(LegBuilderTest, PathIsSetThenCutThenExtended) {
  Effects effects;
  effects.path.set.emplace("/x:/y:$PATH");
  effects.path.remove = {"/usr/bin/", "/y"};
  effects.path.prepend = {"bin", "/first"};
  EXPECT_EQ(build({effects}).environment.at("PATH"),
            "/work/bin:/first:/x:/usr/local/bin");
}

TEST_F(LegBuilderTest, PathCanBecomeEmpty) {
  Effects effects;
  effects.path.remove = {"/usr/bin", "/usr/local/bin"};
  EXPECT_EQ(build({effects}).environment.at("PATH"), "");
}

TEST_F(LegBuilderTest, OneStageIsOrdered) {
  Effects effects;
  effects.setup = {{"true"}};
  effects.path.drop = {"gcc"};
  effects.hide = {"$GOROOT/pkg"};
  auto full = mount_at("$TMP");
  full.tmpfs = true;
  full.noexec = true;
  full.size = 4096;
  full.inodes = 7;
  auto sealed = mount_at("/ro");
  sealed.tmpfs = true;
  sealed.read_only = true;
  auto flagged = mount_at("/opt");
  flagged.noexec = true;
  effects.mounts = {full, sealed, flagged};
  scenario::FileChange link;
  link.path = "/l";
  link.symlink.emplace("$WORK/a.go");
  scenario::FileChange mode_only;
  mode_only.path = "/m";
  mode_only.mode = 0;
  effects.files = {file_with("a.go", "$WORK", 0600), link, mode_only};
  effects.chmod = {{"a.go", 0}};
  effects.truncate = {{"a.go", 3}};
  effects.corrupt = {{.path = "a.go", .offset = 1, .length = 2}};
  EXPECT_THAT(
      build({effects}).ops,
      ElementsAre(CageOp(op::MountTmpfs{"/tmp", 4096, 7, 01777, true, false}),
                  CageOp(op::MountTmpfs{"/ro", {}, {}, 01777, false, true}),
                  CageOp(op::WriteFile{"/work/a.go", "$WORK", 0600}),
                  CageOp(op::MakeSymlink{"/l", "/work/a.go"}),
                  CageOp(op::Chmod{"/m", 0}),
                  CageOp(op::Chmod{"/work/a.go", 0}),
                  CageOp(op::Truncate{"/work/a.go", 3}),
                  CageOp(op::Corrupt{"/work/a.go", 1, 2}),
                  CageOp(op::Hide{"/usr/lib/go-1.19/pkg"}),
                  CageOp(op::Remount{"/opt", true, false}),
                  CageOp(op::DropPrograms{{"gcc"}}),
                  CageOp(op::RunCommand{{"true"}, false})));
}

TEST_F(LegBuilderTest, TreesOfImages) {
  Effects effects;
  auto own = mount_at("/a");
  own.from_path = "/usr/lib";
  auto other = mount_at("/b");
  other.read_only = true;
  other.from_image = "dir:/srv/root";
  other.from_path = "/opt/x";
  effects.mounts = {own, other};
  EXPECT_THAT(build({effects}).ops,
              ElementsAre(CageOp(op::MountTree{"/usr/lib", "/a", false, false,
                                               false, "/"}),
                          CageOp(op::MountTree{"/opt/x", "/b", true, false,
                                               false, "/srv/root"})));
  own.from_image = "docker://x";
  effects.mounts = {own};
  EXPECT_FALSE(try_stage(effects)) << "it was not opened";
}

TEST_F(LegBuilderTest, SurroundingsOfTheProcess) {
  Effects first;
  first.limits.nofile = 64;
  first.limits.nproc = 5;
  first.umask = 077;
  first.user.emplace("nobody");
  first.net = model::Network::Loopback;
  first.drop_devices = {"null"};
  Effects second;
  second.limits.nofile = 8;
  second.proc = model::ProcView::None;
  second.clock_offset_s = -60;
  second.user.emplace("1000");
  const auto spec = build({first, second});
  EXPECT_EQ(spec.limits.nofile, 8u);
  EXPECT_EQ(spec.limits.nproc, 5u);
  EXPECT_EQ(spec.umask, 077u);
  EXPECT_EQ(spec.uid, 1000u);
  EXPECT_EQ(spec.gid, 1000u);
  EXPECT_EQ(spec.network, model::Network::Loopback);
  EXPECT_EQ(spec.proc, model::ProcView::None);
  EXPECT_EQ(spec.clock_offset_s, -60);
  EXPECT_THAT(spec.drop_devices, ElementsAre("null"));
}

TEST_F(LegBuilderTest, UnknownUserIsAnError) {
  Effects effects;
  effects.user.emplace("alice");
  const auto added = try_stage(effects);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().object, "alice");
}

TEST_F(LegBuilderTest, UnknownVariableIsAnError) {
  Effects effects;
  effects.hide = {"$NOPE/x"};
  EXPECT_FALSE(try_stage(effects));
  effects = {};
  effects.env = {{"A", "$NOPE"}};
  EXPECT_FALSE(try_stage(effects));
}

TEST_F(LegBuilderTest, CommandsSeeTheEnvironmentOfTheirStage) {
  Effects baseline;
  baseline.setup = {{"go", "env", "-w", "GOPROXY=off"}};
  Effects fault;
  fault.env = {{"GOENV", "off"}, {"A", std::nullopt}};
  fault.setup = {{"true"}};
  EXPECT_THAT(
      build({baseline, fault}).ops,
      ElementsAre(CageOp(op::RunCommand{{"/usr/bin/env", "-u", "GOENV", "A=a",
                                         "go", "env", "-w", "GOPROXY=off"},
                                        false}),
                  CageOp(op::RunCommand{{"true"}, false})));
}

TEST_F(LegBuilderTest, WarmCacheComesFirst) {
  ground_.warm_cache = "/warm";
  Effects effects;
  effects.hide = {"/x"};
  const CageOp warm =
      op::MountTree{"/warm", "/home/cage/.cache/go-build", false, false};
  EXPECT_THAT(build({effects}).ops, ElementsAre(warm, CageOp(op::Hide{"/x"})));
  effects.cache = CacheState::Cold;
  EXPECT_THAT(build({effects}).ops, ElementsAre(CageOp(op::Hide{"/x"})));
  // The image's own: nothing is laid over it.
  effects.cache = CacheState::Pristine;
  EXPECT_THAT(build({effects}).ops, ElementsAre(CageOp(op::Hide{"/x"})));
  effects.cache = CacheState::Warm;
  EXPECT_EQ(build({effects}, CacheState::Cold).ops.front(), warm);
}

}  // namespace
}  // namespace driftcage::plan
