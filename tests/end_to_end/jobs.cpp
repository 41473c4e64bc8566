#include "jobs.h"

#include <signal.h>

namespace histoloom::test {

StoppedJob::StoppedJob(const Arguments& job)
    : job_(job), out_(folder_ / "s.svs"), work_(folder_ / "s.svs.work") {
  const Folder elsewhere;
  expected_ = unbroken(elsewhere, job);
}

void StoppedJob::put_out(const std::filesystem::path& out) {
  out_ = out;
  work_ = out.string() + ".work";
}

void StoppedJob::put_work(const std::filesystem::path& work) {
  work_ = work;
  add({"--work", work.string()});
}

bool StoppedJob::kill_at(const std::function<bool()>& there, const Arguments& more) {
  Process process(command(more));
  const bool reached = process.hold_at(there);
  process.send(SIGKILL);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 128 + SIGKILL) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(out_)) << "a half slide under its final name";
  return reached && outcome.code == 128 + SIGKILL;
}

bool StoppedJob::kill_at_step(int steps, const Arguments& more) {
  return kill_at(at_step(steps), more);
}

Outcome StoppedJob::meet_at(const std::function<bool()>& there,
                            const std::function<void()>& something, const Arguments& more) {
  Process process(command(more));
  EXPECT_TRUE(process.hold_at(there)) << "it ended before that";
  something();
  process.send(SIGCONT);
  return process.wait();
}

std::function<bool()> StoppedJob::decoding() const {
  return [this] { return std::filesystem::exists(work_ / "slide.checkpoint"); };
}

std::function<bool()> StoppedJob::at_step(int steps) const {
  return [this, steps] { return committed_steps(work_) >= steps; };
}

Outcome StoppedJob::expect_resumes(const Arguments& how) {
  const Outcome resumed = run(command(how));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(bytes_of(out_) == expected_) << "other bytes than a job that nothing stopped";
  return resumed;
}

}  // namespace histoloom::test
