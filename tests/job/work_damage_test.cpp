// Damaged work directories: what is refused, and what is said.
#include "test_work.h"

namespace histoloom {
namespace {

class WorkDirectoryDamageTest : public WorkDirectoryTest {};

TEST_F(WorkDirectoryDamageTest, DamagedFilesAreNamed) {
  leave_unfinished(3);
  const std::string damaged = ": is damaged; start over with --force and without --resume";
  const std::string named = (path_ / "state.json").string() + damaged;
  for (const char* state : {"", "{", "3", "[]", "{}", R"({"committed_steps": 3, "crc32": "x"})"}) {
    write_bytes(path_ / "state.json", state);
    EXPECT_EQ(error(true, false), named) << state;
    EXPECT_EQ(message_of([&] { decided(); }), named) << state;
  }
  for (const char* state :
       {R"({"committed_steps": "3"})",
        R"({"committed_steps": -3, "committed_crops": 0, "mask_steps": 0, "mask_crops": 0})",
        R"({"committed_steps": 3, "committed_crops": 0, "mask_steps": 1.5, "mask_crops": 0})",
        R"({"committed_steps": 3, "committed_crops": 0, "done": {}})",
        R"({"committed_steps": 3, "committed_crops": 0, "mask_steps": 0, "mask_crops": 0})",
        R"({"committed_steps": 3, "committed_crops": 0, "mask_steps": 0, "mask_crops": 0,
            "outputs": [3]})",
        R"({"committed_steps": 3, "committed_crops": 0, "mask_steps": 0, "mask_crops": 0,
            "outputs": [], "done": {"decode": 3}})"}) {
    seal(nlohmann::json::parse(state));
    EXPECT_EQ(error(true, false), named) << state;
  }
  write_bytes(path_ / "job.json", "{");
  EXPECT_EQ(error(true, false), (path_ / "job.json").string() + damaged);
  for (const char* kinds : {"", R"(, "cpu_kinds": "avx2")", R"(, "cpu_kinds": [])",
                            R"(, "cpu_kinds": [2])", R"(, "cpu_kinds": {"avx2": "avx"})"}) {
    write_bytes(path_ / "job.json", R"({"steps": 30)" + std::string(kinds) + "}");
    EXPECT_EQ(error(true, false), (path_ / "job.json").string() + damaged) << kinds;
  }
  EXPECT_EQ(error(false, true), "");
}

TEST_F(WorkDirectoryDamageTest, AnyByteOfTheStateThatChangesIsNoticed) {
  leave_unfinished(3, {"/x/s.svs"});
  const std::string whole = read_file(path_ / "state.json");
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {  // but the line's end
    std::string changed = whole;
    changed[i] = changed[i] == '7' ? '8' : '7';
    write_bytes(path_ / "state.json", changed);
    EXPECT_EQ(error(true, false), (path_ / "state.json").string() +
                                      ": is damaged; start over with --force and without --resume")
        << i;
  }
}

TEST_F(WorkDirectoryDamageTest, MoreStepsThanTheJobHasAreRefused) {
  leave_unfinished(3);
  const std::string whole = read_file(path_ / "state.json");
  const auto with = [&](const char* steps) {
    nlohmann::json state = nlohmann::json::parse(whole);
    state["committed_steps"] = nlohmann::json::parse(steps);
    seal(state);
    return error(true, false);
  };
  const auto refused = [&](const char* steps) {
    return (path_ / "state.json").string() + ": counts " + steps +
           " steps and 40 crops, of a job of 30 steps; start over with --force and without "
           "--resume";
  };
  EXPECT_EQ(with("29"), "");
  EXPECT_EQ(with("30"), refused("30")) << "there are no crops after the last step";
  EXPECT_EQ(with("31"), refused("31"));
  EXPECT_EQ(with("4294967299"), refused("4294967299"));
  EXPECT_EQ(with("9223372036854775813"), (path_ / "state.json").string() +
                                             ": is damaged; start over with --force and without "
                                             "--resume")
      << "past what a signed number holds";
}

}  // namespace
}  // namespace histoloom
