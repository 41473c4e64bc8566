// What a checkpoint belongs to, and what may take its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "train/test_loop.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

TEST_F(Loop, ACheckpointThatIsThereIsNotReplacedUnasked) {
  TrainOptions o = options("a");
  o.steps = 4;
  train(o, 2);
  const std::string before = read_file(o.checkpoint);
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            "--checkpoint " + o.checkpoint.string() +
                ": exists; go on from it with --resume, or start anew with --force");
  EXPECT_TRUE(read_file(o.checkpoint) == before);
  o.force = true;
  o.seed = 3;
  train(o, 2);
  EXPECT_FALSE(read_file(o.checkpoint) == before);
}

TEST_F(Loop, AResumeWithOtherSettingsIsRefusedByName) {
  TrainOptions o = options("a");
  o.steps = 4;
  train(o, 2);
  o.resume = true;
  const auto refused = [&](const char* what) {
    return o.checkpoint.string() + ": was started with " + what +
           "; go on as it was started, or start anew with --force";
  };
  TrainOptions other = o;
  other.seed = 7;
  EXPECT_EQ(message_of([&] { train(other, 2); }), refused("--seed 0, now 7"));
  other = o;
  other.dtype = DType::float32;
  EXPECT_EQ(message_of([&] { train(other, 2); }), refused("--dtype bfloat16, now float32"));
  other = o;
  other.augment = 0.5;
  EXPECT_EQ(message_of([&] { train(other, 2); }), refused("--augment 0, now 0.5"));
  settings_[0].value = "one";
  EXPECT_EQ(message_of([&] { train(o, 2); }), refused("training images: none, now one"));
}

TEST_F(Loop, TheScheduleMayChangeOnResume) {
  TrainOptions o = options("a");
  o.steps = 4;
  train(o, 2);
  o.resume = true;
  o.steps = 8;
  o.learning_rate = 0.5;
  o.decay_share = 0.5;
  o.checkpoint_every = 3;
  EXPECT_EQ(train(o, 2).steps, 8);
}

TEST_F(Loop, TheLastLossIsThatOfTheLastTenthOfTheStepsThatItTookInTheEnd) {
  TrainOptions o = options("a");
  o.learning_rate = 0.02;
  train(o, 2);  // of which the last ten steps were the last tenth
  o.resume = true;
  o.steps = 120;
  o.checkpoint_every = 12;  // rows 108 and 120
  const double loss = train(o, 2).loss;
  EXPECT_NEAR(loss, log_of(o).back().loss, 1e-5);
}

TEST_F(Loop, WhereItCantWriteIsSaidBeforeTheFirstStep) {
  TrainOptions o = options("a");
  o.checkpoint = scratch_ / "nowhere" / "c.pt";
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            "--checkpoint " + o.checkpoint.string() + ": the directory '" +
                (scratch_ / "nowhere").string() + "' does not exist; make it first");
  o.checkpoint = scratch_ / "folder";
  fs::create_directory(o.checkpoint);
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            "--checkpoint " + o.checkpoint.string() + ": is a directory; give the name of a file");
  o.checkpoint = scratch_ / "b.pt";
  fs::create_directory(scratch_ / "b.pt.csv");
  EXPECT_EQ(message_of([&] { train(o, 2); }), "--checkpoint " + o.checkpoint.string() + ": " +
                                                  o.checkpoint.string() +
                                                  ".csv is a directory; give another name");
  EXPECT_TRUE(draws_.empty());
}

TEST_F(Loop, OneTrainingAtATimeWritesACheckpoint) {
  const TrainOptions o = options("a");
  {
    TrainingCheckpoint other(o.checkpoint, "toy", {});
    other.claim(false, false);
    EXPECT_EQ(message_of([&] { train(o, 2); }), "--checkpoint " + o.checkpoint.string() +
                                                    ": another training writes it; wait for it");
    EXPECT_TRUE(draws_.empty());
  }
  EXPECT_EQ(train(o, 2).steps, 100);
}

TEST_F(Loop, OneTrainingAtATimeWritesTheWeights) {
  const TrainOptions o = options("a");
  {
    const TrainingLock other(weights(o), "--model");
    EXPECT_EQ(message_of([&] { train(o, 2); }),
              "--model " + weights(o).string() + ": another training writes it; wait for it");
    EXPECT_FALSE(fs::exists(o.checkpoint));
  }
  EXPECT_EQ(train(o, 2).steps, 100);
}

TEST_F(Loop, NamesOfWeightsAndLocksAreNoPlaceForACheckpoint) {
  TrainOptions o = options("a");
  for (const auto& [checkpoint, file] :
       {std::pair("b.safetensors", "c"), std::pair("a", "./a"), std::pair("c.lock", "c")}) {
    o.checkpoint = scratch_ / checkpoint;
    EXPECT_EQ(message_of([&] { train_into(o, scratch_ / file, 2); }),
              "--checkpoint " + o.checkpoint.string() +
                  ": is a name for weights or locks, whose place it would take; give another");
  }
  o.checkpoint = scratch_ / "a";
  fs::create_directory(scratch_ / "c");
  EXPECT_EQ(message_of([&] { train_into(o, scratch_ / "c", 2); }),
            (scratch_ / "c").string() + ": is a directory where the weights go; move it away");
}

TEST_F(Loop, APipeIsNoCheckpoint) {
  TrainOptions o = options("a");
  ASSERT_EQ(::mkfifo(o.checkpoint.c_str(), 0600), 0);
  o.force = true;
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            "--checkpoint " + o.checkpoint.string() +
                ": exists and is no checkpoint of a training; give another name");
  o.resume = true;
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            o.checkpoint.string() + ": is not a checkpoint of this network, or is damaged");
}

TEST_F(Loop, FilesOfOthersAreNotReplaced) {
  TrainOptions o = options("picture.png");
  write_bytes(o.checkpoint, "somebody's");
  o.force = true;
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            "--checkpoint " + o.checkpoint.string() +
                ": exists and is no checkpoint of a training; give another name");
  // A zip file, as those of torch's other tools are.
  torch::serialize::OutputArchive weights_alone;
  weights_alone.write("step", at::zeros({3}));
  weights_alone.save_to(o.checkpoint.string());
  EXPECT_THAT(message_of([&] { train(o, 2); }),
              testing::HasSubstr("exists and is no checkpoint of a training"));
  o = options("q");
  write_bytes(o.checkpoint.string() + ".lock", "somebody's");
  EXPECT_EQ(message_of([&] { train(o, 2); }),
            "--checkpoint " + o.checkpoint.string() + ": " + o.checkpoint.string() +
                ".lock exists and is no lock of a training; move it away, or give another name");
  EXPECT_EQ(read_file(o.checkpoint.string() + ".lock"), "somebody's");
  o = options("p");
  const std::string picture = o.checkpoint.string() + ".png";
  const std::string refused = "--checkpoint " + o.checkpoint.string() + ": " + picture +
                              " exists without it and would be replaced; give another name, or "
                              "--force where it is a training's";
  write_bytes(picture, "somebody's");
  EXPECT_EQ(message_of([&] { train(o, 2); }), refused);
  o.force = true;
  EXPECT_EQ(message_of([&] { train(o, 2); }), refused);
  EXPECT_EQ(read_file(picture), "somebody's");
  // Those that an interrupted training left are, of a long one only when asked for.
  const std::string row = "step,loss,held_out_loss,learning_rate,seconds\n4,1,,0.1,1.0\n";
  const std::string log = o.checkpoint.string() + ".csv";
  o.force = false;
  write_bytes(log, row + "8,1,,0.1,2.0\n");
  EXPECT_NE(message_of([&] { train(o, 2); }), "");
  write_bytes(log, row);
  EXPECT_EQ(train(o, 2).steps, 100);
  fs::remove(o.checkpoint);
  o.force = true;
  EXPECT_EQ(train(o, 2).steps, 100);
}

TEST_F(Loop, ACheckpointInWhichABitFlippedIsRefusedWhereverItIs) {
  TrainOptions o = options("a");
  o.steps = 4;
  train(o, 2);
  o.resume = true;
  const std::string whole = read_file(o.checkpoint);
  for (std::size_t place = 0; place < whole.size(); place += 1 + whole.size() / 150) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << place % 8));
    write_bytes(o.checkpoint, damaged);
    EXPECT_EQ(message_of([&] { train(o, 2); }),
              o.checkpoint.string() + ": is not a checkpoint of this network, or is damaged")
        << place;
  }
  write_bytes(o.checkpoint, whole);
  EXPECT_EQ(train(o, 2).steps, 4);
}

TEST_F(Loop, NothingIsLeftBesideACheckpoint) {
  const TrainOptions o = options("a");
  train(o, 2);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(scratch_.path()))
    names.push_back(entry.path().filename().string());
  EXPECT_THAT(names, testing::UnorderedElementsAre("a", "a.csv", "a.png", "a.safetensors"));
}

}  // namespace
}  // namespace histoloom
