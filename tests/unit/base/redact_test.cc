// SPDX-License-Identifier: Apache-2.0
#include "harness/base/redact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::base {
namespace {

using testing::ElementsAre;

TEST(Redact, SecretNames) {
  for (const char* name : {"TOKEN",
                           "GITHUB_TOKEN",
                           "NPM_TOKEN_2",
                           "DB_PASSWORD",
                           "MYSQL_PWD",
                           "DB_PASS",
                           "SECRET",
                           "AWS_SECRET_ACCESS_KEY",
                           "API_KEY",
                           "APIKEY",
                           "SSH_KEYS",
                           "GOOGLE_CREDENTIALS",
                           "SSH_AUTH_SOCK",
                           "COOKIE",
                           "--password",
                           "--api-key",
                           "-token",
                           "apiToken",
                           "myPassword",
                           "DBPASSWORD",
                           "HTTP_AUTHORIZATION",
                           "GH_PAT"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
}

TEST(Redact, OrdinaryNames) {
  for (const char* name :
       {"PATH", "HOME", "PWD", "OLDPWD", "GOPATH", "GOFLAGS", "KEYBOARD",
        "MONKEY", "XKB_DEFAULT_LAYOUT", "COMPASS", "AUTHOR", "GIT_AUTHOR_NAME",
        "PATCH", "TOKENIZER", "--path", "-o", "SECRETARY", "GOCACHE", "CC"}) {
    EXPECT_FALSE(is_secret_name(name)) << name;
  }
}

TEST(Redact, UserInfoInUrls) {
  EXPECT_EQ(redact_text("https://user:word@proxy.example.com/x"),
            "https://***@proxy.example.com/x");
  EXPECT_EQ(redact_text("a git+ssh://t0ken@h.example.com b http://h/@x"),
            "a git+ssh://***@h.example.com b http://h/@x");
  EXPECT_EQ(redact_text("user@host:path"), "user@host:path");
  EXPECT_EQ(redact_text("https://u:p@ss@h.example.com/x"),
            "https://***@h.example.com/x");
  // A path that was made absolute.
  EXPECT_EQ(redact_text("/tmp/https:/u:p@h.example.com/x"),
            "/tmp/https:/***@h.example.com/x");
  EXPECT_EQ(redact_text("/x/postgres:/u:p@db.example.com/x"),
            "/x/postgres:/***@db.example.com/x");
  EXPECT_EQ(redact_text("/a:/b@c/bin"), "/a:/b@c/bin");
}

TEST(Redact, Environment) {
  EXPECT_THAT(
      redact_environment({"PATH=/bin", "MY_TOKEN=abc", "MY_TOKEN", "TOKEN=",
                          "GOPROXY=https://u:p@h.example.com,direct"}),
      ElementsAre("PATH=/bin", "MY_TOKEN=***", "MY_TOKEN",
                  "TOKEN=", "GOPROXY=https://***@h.example.com,direct"));
}

TEST(Redact, WhatAShellIsGiven) {
  EXPECT_THAT(
      redact_arguments({"sh", "-c", "x=1; MY_TOKEN=abc PGPASS='a b' go run ."}),
      ElementsAre("sh", "-c", "x=1; MY_TOKEN=*** PGPASS=*** go run ."));
  EXPECT_THAT(
      redact_arguments({"TOKEN", "TOKEN=x", "go; A_TOKEN+=a\"b \\\" c\"d; B=1",
                        "go; A_TOKEN=$'a b'\\ c; B=1", "auth-api:8080/x",
                        "IMAGE=auth-svc:1.2"}),
      ElementsAre("TOKEN", "TOKEN=***", "go; A_TOKEN+=***; B=1",
                  "go; A_TOKEN=***; B=1", "auth-api:8080/x",
                  "IMAGE=auth-svc:1.2"));
  EXPECT_THAT(redact_arguments({"curl", "-H", "Authorization:Bearer abc",
                                "--header=Authorization: Bearer abc",
                                "https://h.example.com:80/x=y", "a:b"}),
              ElementsAre("curl", "-H", "Authorization:***",
                          "--header=Authorization: ***",
                          "https://h.example.com:80/x=y", "a:b"));
}

TEST(Redact, WordsWithSubstitutions) {
  EXPECT_THAT(
      redact_arguments(
          {"set -e; AUTH=$(echo -n \"u:hunter2 (x)\" | base64); x",
           "x; TOKEN=`echo hunter2`; y", "x; TOKEN=${A:-hunter 2} y",
           R"(x; TOKEN=$'a\'b hunter'; y)", R"-(x; TOKEN="$(echo "a b")" y)-",
           "x; TOKEN=$(open", "tool --token abc --key --next; y"}),
      ElementsAre("set -e; AUTH=***; x", "x; TOKEN=***; y", "x; TOKEN=*** y",
                  "x; TOKEN=***; y", "x; TOKEN=*** y", "x; TOKEN=***",
                  "tool --token *** --key --next; y"));
  EXPECT_THAT(redact_arguments({"Password for x=hunter2 more", "TOKEN =x y"}),
              ElementsAre("Password for x=***", "TOKEN =***"));
}

TEST(Redact, UrlsBesideOtherSecrets) {
  EXPECT_THAT(
      redact_arguments(
          {"https://u:p@h/oauth/token?grant_type=x",
           "http.https://u:p@h/.extraheader=AUTHORIZATION: basic a",
           R"("https://u:p@h","mail":"a@b")", "postgres://u:p/ss@h/db",
           "postgres://u:p#s@h/db", "http://h:80/x@y"}),
      ElementsAre("https://***@h/oauth/token?grant_type=x",
                  "http.https://***@h/.extraheader=AUTHORIZATION: ***",
                  R"("https://***@h","mail":"a@b")", "postgres://***@h/db",
                  "postgres://***@h/db", "http://h:80/x@y"));
}

TEST(Redact, HeadersInAnyCaseAndGlued) {
  EXPECT_THAT(
      redact_arguments({"-HAuthorization: Bearer abc", "authorization:abc",
                        "PRIVATE-TOKEN:abc", "X-Api-Key:abc", "-Hkeep: x"}),
      ElementsAre("-HAuthorization: ***", "authorization:***",
                  "PRIVATE-TOKEN:***", "X-Api-Key:***", "-Hkeep: x"));
}

TEST(Redact, FieldsOfJsonAndQuotedHeaders) {
  EXPECT_THAT(
      redact_arguments(
          {R"({"user":"a","password":"b \" c","pin": 1,"token": 12,"x":[]})",
           R"(curl -d "{\"token\":\"a b\",\"x\":1}" y)",
           R"(curl -H 'Authorization: Bearer abc' -H "Accept: x" h)",
           R"(a "key:" 'b')", R"("token":)", R"("token":"open)",
           R"("keyboard": "x", 'a:b')"}),
      ElementsAre(
          R"({"user":"a","password":"***","pin": 1,"token": ***,"x":[]})",
          R"(curl -d "{\"token\":\"***\",\"x\":1}" y)",
          R"(curl -H 'Authorization: ***' -H "Accept: x" h)", R"(a "key:" 'b')",
          R"("token":)", R"("token":"***)", R"("keyboard": "x", 'a:b')"));
  EXPECT_THAT(redact_environment({R"(DOCKER={"auth":"abc"})"}),
              ElementsAre(R"(DOCKER={"auth":"***"})"));
}

TEST(Redact, Logins) {
  EXPECT_THAT(
      redact_arguments({"/bin/curl", "-u", "me:word", "--user", "me", "-u",
                        "1000:1000", "a:b", "--proxy-user", "me:1x", "-su",
                        "me:word", "--user=me:word", "-ume:word"}),
      ElementsAre("/bin/curl", "-u", "me:***", "--user", "me", "-u",
                  "1000:1000", "a:b", "--proxy-user", "me:***", "-su", "me:***",
                  "--user=me:***", "-ume:***"));
}

TEST(Redact, ValuesWithSignsOfShells) {
  EXPECT_THAT(
      redact_arguments({"-Dkeystore.password=correct horse battery",
                        "-Dspring.datasource.password=a;b&c",
                        "spring.password=a|b", "user[password]=a b",
                        R"(git clone "https://u:pa|ss@h/x" y)",
                        "https://u:pa'ss@h/x", "https://u:pa\\ss@h/x"}),
      ElementsAre("-Dkeystore.password=***", "-Dspring.datasource.password=***",
                  "spring.password=***", "user[password]=***",
                  R"(git clone "https://***@h/x" y)", "https://***@h/x",
                  "https://***@h/x"));
  EXPECT_THAT(redact_environment({"DATABASE_URL=postgres://u:Xy<9|z@db/app"}),
              ElementsAre("DATABASE_URL=postgres://***@db/app"));
}

TEST(Redact, LoginsOfWhatOthersRun) {
  EXPECT_THAT(redact_arguments({"sudo", "-u", "me:x", "curl-7.88", "-su",
                                "me:w", "--proxy-user", "me:w"}),
              ElementsAre("sudo", "-u", "me:x", "curl-7.88", "-su", "me:***",
                          "--proxy-user", "me:***"));
  EXPECT_THAT(redact_arguments({"wget --user me:w -U me:w2; curl -su me:w3"}),
              ElementsAre("wget --user me:*** -U me:***; curl -su me:***"));
}

TEST(Redact, HarmlessArgumentsStay) {
  const std::vector<std::string> words = {
      "date",
      "-u",
      "+%H:%M",
      "pip",
      "-U",
      "git+https://h.example.com/a",
      "docker",
      "-u",
      "app:app",
      "-u",
      "git@h.example.com:a/b.git",
      "--password-stdin",
      "host",
      "--ask-vault-pass",
      "site.yml",
      "--no-auth",
      "dist",
      "http://[::1]:8080/golang.org/x/mod/@v/list",
      "http://[fe80::1]/x@y"};
  EXPECT_EQ(redact_arguments(words), words);
  const std::string line =
      "docker login --password-stdin h; ansible --ask-vault-pass site.yml";
  EXPECT_THAT(redact_arguments({"sh", "-c", line}),
              ElementsAre("sh", "-c", line));
}

TEST(Redact, OptionsInAShellsLine) {
  EXPECT_THAT(
      redact_arguments({"mysql --password \\\n  hunter2 db",
                        "mysql --password  hunter2 db", "tool -token hunter2",
                        "curl -s -u me:hunter2 https://h/"}),
      ElementsAre("mysql --password \\\n  *** db", "mysql --password  *** db",
                  "tool -token ***", "curl -s -u me:*** https://h/"));
}

TEST(Redact, JsonOfAnyShape) {
  EXPECT_THAT(redact_arguments({R"({"tokens":["a","b]"],"x":1})",
                                R"({"secret":{"a":"x","b":["y"]},"x":1})",
                                "{\"password\" :\n \"hunter2\"}",
                                R"({"passwords":["a"]})",
                                R"(-d "{\"auth\":{\"a\":\"}\"},\"x\":1}")"}),
              ElementsAre(R"({"tokens":***,"x":1})", R"({"secret":***,"x":1})",
                          "{\"password\" :\n \"***\"}", R"({"passwords":***})",
                          R"(-d "{\"auth\":***,\"x\":1}")"));
}

// In time that grows with its length: a tracee waits meanwhile.
TEST(Redact, LongArguments) {
  constexpr std::size_t kLong = 4u << 20;
  const auto long_of = [](const std::string& piece) {
    std::string text;
    while (text.size() < kLong) text += piece;
    return text;
  };
  for (const char* piece : {"=", "=a:/", "-a $(", "-a ${", "\"a:", "x:/a@",
                            "a --b ", "$(", "a:/b "}) {
    const std::string text = long_of(piece);
    EXPECT_THAT(redact_arguments({text}), ElementsAre(text)) << piece;
  }
  for (const char* piece :
       {"a ", "x;A_TOKEN=b;", "x;TOKEN=\"", "x;TOKEN=$(", "\"token\":\"",
        "https://u:p", "\"token\":[", "\"token\" : {\"", "--token \\\n"}) {
    EXPECT_LE(redact_arguments({long_of(piece)}).front().size(), 2 * kLong);
  }
}

TEST(Redact, Arguments) {
  EXPECT_THAT(redact_arguments({"tool", "--token", "abc", "x", "--password=abc",
                                "API_KEY=abc", "--key", "--next", "-o", "out"}),
              ElementsAre("tool", "--token", "***", "x", "--password=***",
                          "API_KEY=***", "--key", "--next", "-o", "out"));
  EXPECT_THAT(redact_arguments({"curl", "-H", "Authorization: Bearer abc", "-H",
                                "Accept: x", "note: the key"}),
              ElementsAre("curl", "-H", "Authorization: ***", "-H", "Accept: x",
                          "note: the key"));
}

TEST(Redact, LoginsThatAreJoinedToTheirOption) {
  EXPECT_THAT(redact_arguments({"curl", "--user=me:w", "-ume:w", "-Ume:w"}),
              ElementsAre("curl", "--user=me:***", "-ume:***", "-Ume:***"));
  EXPECT_THAT(
      redact_arguments({"./curl --user=me:w -ume:w 'h'; curl --proxy-user=me:w",
                        "curl -u'me:w' h", "curl -u 1000:1000 -u1:1"}),
      ElementsAre("./curl --user=me:*** -ume:*** 'h'; curl "
                  "--proxy-user=me:***",
                  "curl -u'me:*** h", "curl -u 1000:1000 -u1:1"));
  EXPECT_THAT(redact_arguments({"chown --user=me:staff", "tool -ume:staff"}),
              ElementsAre("chown --user=me:staff", "tool -ume:staff"));
}

TEST(Redact, CookiesOfCurl) {
  EXPECT_THAT(
      redact_arguments({"curl", "-b", "id=x; n=y", "-sb", "id=x", "-bid=x",
                        "--cookie", "id=x", "-b", "jar.txt", "--cookie=id=x"}),
      ElementsAre("curl", "-b", "***", "-sb", "***", "-b***", "--cookie", "***",
                  "-b", "jar.txt", "--cookie=***"));
  EXPECT_THAT(
      redact_arguments({"curl -b 'id=x; n=y' -bid=x h", "curl -b jar.txt h",
                        "curl --cookie \"id=x\" h", "wget -b http://h/?a=b"}),
      ElementsAre("curl -b *** -b*** h", "curl -b jar.txt h",
                  "curl --cookie *** h", "wget -b http://h/?a=b"));
  EXPECT_THAT(redact_arguments({"tool", "-b", "id=x"}),
              ElementsAre("tool", "-b", "id=x"));
}

}  // namespace
}  // namespace driftcage::base
