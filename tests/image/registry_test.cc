// SPDX-License-Identifier: Apache-2.0
// A registry on the loopback, and all the ways in which one fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/image/image_test_kit.h"

namespace driftcage::image_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Registry : public StoreTest {
 protected:
  void SetUp() override {
    for (const char* tool : {"docker-registry", "skopeo", "umoci"}) {
      need_program(tool);
      if (IsSkipped() || HasFatalFailure()) return;
    }
    shell(
        "umoci init --layout layout && umoci new --image layout:v1\n"
        "umoci unpack --rootless --image layout:v1 bundle\n"
        "mkdir -p bundle/rootfs/bin; seq 50000 >bundle/rootfs/numbers\n"
        "umoci repack --image layout:v1 bundle\n"
        "umoci config --image layout:v1 --config.env PATH=/bin");
  }
  ~Registry() override { stop(); }

  // Starts a registry with `auth` in its configuration, and `tls` in that of
  // HTTP; it chooses the port.
  void start(const std::string& auth = {}, const std::string& tls = {}) {
    write("registry.yml",
          "version: 0.1\nlog: {level: info}\nstorage: "
          "{filesystem: {rootdirectory: " +
              at("registry") + "}}\nhttp: {addr: \"127.0.0.1:0\"" + tls +
              "}\n" + auth);
    const std::string config = at("registry.yml");
    const std::string log = at("registry.log");
    server_ = ::fork();
    if (server_ == 0) {
      std::freopen(log.c_str(), "w", stderr);
      std::freopen("/dev/null", "w", stdout);
      ::execlp("docker-registry", "docker-registry", "serve", config.c_str(),
               static_cast<char*>(nullptr));
      ::_exit(127);
    }
    constexpr std::string_view kMark = "listening on 127.0.0.1:";
    while (port_.empty()) {
      const std::string text = cli_test::read_text(log);
      const std::size_t mark = text.find(kMark);
      const std::size_t end = text.find_first_of("\",", mark);
      if (mark != std::string::npos && end != std::string::npos)
        port_ = text.substr(mark + kMark.size(), end - mark - kMark.size());
      ASSERT_NE(::waitpid(server_, nullptr, WNOHANG), server_) << text;
      ::sched_yield();
    }
  }
  void stop() {
    if (server_ <= 0) return;
    ::kill(server_, SIGKILL);
    ::waitpid(server_, nullptr, 0);
    server_ = -1;
  }
  // Starts one whose certificate, signed by itself, is for `name`.
  void start_tls(const std::string& name) {
    shell(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=registry "
        "-addext subjectAltName=" +
        name + " -keyout key.pem -out certificate.pem");
    start({}, ", tls: {certificate: " + at("certificate.pem") +
                  ", key: " + at("key.pem") + "}");
  }
  // With that certificate among those which Go programs trust.
  [[nodiscard]] Outcome trusting_pull(const std::string& what) const {
    Setting setting = own();
    setting.set["SSL_CERT_FILE"] = at("certificate.pem");
    return cli_test::driftcage({"image", "pull", "--retries", "0", what},
                               setting);
  }
  void push(const std::string& more = {}) const {
    shell("skopeo --insecure-policy copy -q --dest-tls-verify=false " + more +
          " oci:layout:v1 " + reference());
  }
  [[nodiscard]] std::string reference(const std::string& name = "ci:v1") const {
    return "docker://127.0.0.1:" + port_ + "/team/" + name;
  }
  [[nodiscard]] Outcome pull(const std::string& what,
                             std::vector<std::string> more = {}) const {
    more.insert(more.begin(),
                {"pull", "--no-tls-verify", "--retries", "0", what});
    return image(std::move(more));
  }
  static void expect_failure(const Outcome& outcome, const std::string& hint) {
    EXPECT_EQ(outcome.code, 3) << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr("driftcage: error: pull: docker://"));
    EXPECT_THAT(outcome.err, HasSubstr(hint));
  }

  pid_t server_ = -1;
  std::string port_;
};

TEST_F(Registry, IsPulledFromOnce) {
  start();
  push();
  Outcome outcome = pull(reference());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(listing(root_of("team/ci")), listing(at("bundle/rootfs")));
  EXPECT_THAT(image({"inspect", reference()}).out, HasSubstr("PATH=/bin"));
  // Later it is not asked any more.
  stop();
  outcome = pull(reference());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("(was there)"));
  EXPECT_EQ(image({"verify"}).code, 0);
  expect_failure(pull(reference(), {"--refresh"}), "nothing answers");
}

TEST_F(Registry, UnknownNamesAndTags) {
  start();
  push();
  expect_failure(pull(reference("ci:v2")), "no such image or tag");
  expect_failure(pull(reference("other:v1")), "no such image or tag");
  expect_failure(pull("docker://127.0.0.1:" + port_ + "/UPPER"),
                 "in lower case");
}

// As images are pinned: the digest decides.
TEST_F(Registry, ATagAndADigest) {
  start();
  push();
  const std::string digest =
      shell("skopeo inspect --tls-verify=false --format '{{.Digest}}' " +
            reference());
  const std::string pinned =
      reference() + "@" + digest.substr(0, digest.find('\n'));
  const Outcome outcome = pull(pinned);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(listing(root_of(pinned)), listing(at("bundle/rootfs")));
  EXPECT_EQ(pull(pinned).code, 0);
}

TEST_F(Registry, WithoutTls) {
  start();
  push();
  const Outcome outcome = image({"pull", reference()});
  expect_failure(outcome, "image pull --no-tls-verify REF");
}

TEST_F(Registry, ACertificateThatNobodyKnows) {
  need_program("openssl");
  if (IsSkipped()) return;
  start_tls("IP:127.0.0.1");
  push();
  expect_failure(image({"pull", "--retries", "0", reference()}),
                 "certificate is not trusted here");
  const Outcome trusted = trusting_pull(reference());
  EXPECT_EQ(trusted.code, 0) << trusted.err;
  shell("rm -rf cache");
  EXPECT_EQ(pull(reference()).code, 0) << "--no-tls-verify";
}

TEST_F(Registry, ACertificateForAnotherName) {
  need_program("openssl");
  if (IsSkipped()) return;
  start_tls("IP:127.0.0.2");
  push();
  expect_failure(trusting_pull(reference()),
                 "certificate is valid for 127.0.0.2");
  EXPECT_EQ(pull(reference()).code, 0);
}

TEST_F(Registry, Credentials) {
  need_program("htpasswd");
  if (IsSkipped()) return;
  shell("htpasswd -Bbn me secret >passwords");
  start("auth: {htpasswd: {realm: r, path: " + at("passwords") + "}}\n");
  push("--dest-creds me:secret");
  expect_failure(pull(reference()), "skopeo login");
  shell(
      "skopeo login --authfile good.json --tls-verify=false -u me -p secret "
      "127.0.0.1:" +
      port_);
  EXPECT_EQ(pull(reference(), {"--authfile", at("good.json")}).code, 0);
  shell("rm -rf cache; mkdir folder");
  for (const char* name : {"none.json", "folder"}) {
    const Outcome outcome = pull(reference(), {"--authfile", at(name)});
    EXPECT_EQ(outcome.code, 3);
    EXPECT_THAT(outcome.err,
                HasSubstr("driftcage: error: read credentials: " + at(name) +
                          (name[0] == 'n' ? ": No such file or directory"
                                          : ": Is a directory")));
  }
  shell("sed 's/\"auth\": \"./\"auth\": \"X/' good.json >bad.json");
  shell("rm -rf cache");
  expect_failure(pull(reference(), {"--authfile", at("bad.json")}),
                 "skopeo login");
}

TEST_F(Registry, DamagedBlobs) {
  start();
  push();
  const std::string largest =
      "$(find registry -name data -path '*blobs*' -size +20k)";
  shell("cp " + largest + " keep; printf X | dd of=" + largest +
        " bs=1 seek=5000 conv=notrunc 2>/dev/null");
  const Outcome changed = pull(reference());
  EXPECT_EQ(changed.code, 3);
  EXPECT_THAT(changed.err, HasSubstr("what the registry sent is damaged"));
  shell("truncate -s 6000 " + largest + "x 2>/dev/null || true; f=" + largest +
        "; truncate -s 21000 $f");
  const Outcome cut = pull(reference());
  EXPECT_EQ(cut.code, 3);
  EXPECT_EQ(shell("ls -A cache/driftcage/images/rootfs cache/driftcage/images/"
                  "tmp | grep -v : || true"),
            "\n");
}

TEST_F(Registry, DamagedBlobsOfTheStoreAreFetchedAgain) {
  start();
  push();
  ASSERT_EQ(pull(reference()).code, 0);
  // A file whose size stays, one that was cut, and all that there are.
  for (const char* damage :
       {"f=$(find . -size +20k); printf X | "
        "dd of=$f bs=1 seek=5000 conv=notrunc 2>/dev/null",
        "truncate -s 21000 $(find . -size +20k)",
        "for f in *; do printf X | dd of=$f bs=1 seek=7 conv=notrunc "
        "2>/dev/null; done"}) {
    SCOPED_TRACE(damage);
    const auto damaged = [&] {
      shell(std::string("cd cache/driftcage/images/blobs/sha256; ") + damage);
      EXPECT_EQ(image({"verify"}).code, 1);
    };
    damaged();
    Outcome outcome = pull(reference(), {"--refresh"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(image({"verify"}).code, 0) << image({"verify"}).out;
    // Another tag of the same layer, with its tree there and without.
    shell(
        "skopeo --insecure-policy copy -q --dest-tls-verify=false "
        "oci:layout:v1 " +
        reference("ci:v2"));
    for (const bool tree : {true, false}) {
      damaged();
      if (!tree) shell("rm -rf cache/driftcage/images/rootfs/*");
      outcome = pull(reference("ci:v2"));
      EXPECT_EQ(outcome.code, 0) << outcome.err;
      EXPECT_EQ(image({"verify"}).code, 0) << image({"verify"}).out;
      EXPECT_EQ(image({"rm", reference("ci:v2")}).code, 0);
    }
  }
}

#if defined(__x86_64__)
TEST_F(Registry, AnImageForSeveralPlatforms) {
  start();
  shell(R"sh(
    umoci config --image layout:v1 --tag v2 --architecture 386
    index=application/vnd.oci.image.index.v1+json
    manifest=application/vnd.oci.image.manifest.v1+json
    digest() { sha256sum "$1" | cut -d" " -f1; }
    entry() {
      skopeo inspect --raw oci:layout:$1 >m
      printf '{"mediaType":"%s","digest":"sha256:%s","size":%s' \
        $manifest $(digest m) $(stat -c %s m)
      printf ',"platform":{"os":"linux","architecture":"%s"}}' $2
    }
    printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s,%s]}' \
      $index "$(entry v1 amd64)" "$(entry v2 386)" >all
    cp all layout/blobs/sha256/$(digest all)
    printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s",' $index >i
    printf '"digest":"sha256:%s","size":%s,"annotations":{' \
      $(digest all) $(stat -c %s all) >>i
    printf '"org.opencontainers.image.ref.name":"v1"}}]}' >>i
    mv i layout/index.json)sh");
  push("--all");
  const auto architecture = [this] {
    const Outcome shown = image({"inspect", "--json", reference()});
    return nlohmann::json::parse(shown.out)["config"]["architecture"]
        .get<std::string>();
  };
  const auto chosen = [](const char* name) {
    return std::vector<std::string>{"--platform", name};
  };
  EXPECT_EQ(pull(reference()).code, 0);
  EXPECT_EQ(architecture(), "amd64");
  Outcome other = pull(reference(), chosen("linux/386"));
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_THAT(other.out, Not(HasSubstr("(was there)")));
  EXPECT_EQ(architecture(), "386");
  // It stays until another one is asked for.
  EXPECT_THAT(pull(reference()).out, HasSubstr("(was there)"));
  EXPECT_THAT(pull(reference(), chosen("386")).out, HasSubstr("(was there)"));
  EXPECT_EQ(pull(reference(), chosen("linux/amd64")).code, 0);
  EXPECT_EQ(architecture(), "amd64");
  other = pull(reference(), chosen("linux/s390x"));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("this machine runs linux/amd64"));
}
#endif

TEST_F(Registry, AnImageOfAnotherArchitecture) {
  start();
  shell("umoci config --image layout:v1 --architecture s390x");
  push();
  const Outcome outcome = pull(reference());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("s390x"));
}

}  // namespace
}  // namespace driftcage::image_test
