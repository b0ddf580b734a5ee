"""The words of the report in the languages that it is written in."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("en", "ko")


@dataclass(frozen=True)
class Words:
    """The report's own sentences in a language; names of metrics stay as Keras spells them.

    Args:
        language: One of `LANGUAGES`.
    """

    language: str = "en"

    def say(self, english: str, **values: object) -> str:
        """A sentence with its values, in the language.

        Args:
            english: The sentence in English, by which the others are found.
            values: What stands in its braces.
        """
        text = english if self.language == "en" else KOREAN[english]
        return text.format(**values) if values else text


KOREAN = {
    "To the content": "본문으로",
    "Contents": "목차",
    "picture": "그림",
    "Verdict": "판정",
    "Rows": "행",
    "Fit": "학습",
    "Recipe": "레시피",
    "Decisions": "결정",
    "Log": "기록",
    "Answers on {split}": "{split} 답",
    "Where it fails": "틀리는 곳",
    "{rows} rows are too few to say how good the model is for others.": (
        "행 {rows}개는 다른 행에 대해 모델이 얼마나 좋은지 말하기에 너무 적습니다."
    ),
    "Many rows": "많은 행",
    "The answers below are for {some} of the {count} rows of {split}, at equal distances; "
    "the verdict is of all.": (
        "아래의 답은 {split}의 {count}개 행 가운데 같은 간격으로 고른 {some}개에 대한 것이며, "
        "판정은 모든 행에 대한 것입니다."
    ),
    "Every answer on {split} is right.": "{split}의 모든 답이 맞습니다.",
    "Figures of each split, and of the baselines on {split}": (
        "부분별 수치와 {split}에서의 기준 모델"
    ),
    "baseline: {name}": "기준 모델: {name}",
    "split": "부분",
    "rows": "행 수",
    "The run is a smoke test: a few rows, one epoch. Its figures say nothing.": (
        "이 실행은 시험 실행입니다(행 몇 개, 1 에폭). 수치에는 의미가 없습니다."
    ),
    "No rows were held back, so nothing is known of other rows.": (
        "따로 남겨 둔 행이 없어 다른 행에 대해서는 알 수 없습니다."
    ),
    "On {split}, {metric} is {value}.": "{split}에서 {metric}은(는) {value}입니다.",
    "The model is better than every baseline; the best of them, {name}, has {value}.": (
        "모델이 모든 기준 모델보다 낫습니다. 가장 나은 기준 모델 {name}은(는) {value}입니다."
    ),
    "The model is not better than every baseline: {name} has {value}.": (
        "모델이 모든 기준 모델보다 낫지는 않습니다. {name}이(가) {value}입니다."
    ),
    "The model is better than the best baseline, {name}: {by}.": (
        "모델이 가장 나은 기준 모델 {name}보다 낫습니다: {by}."
    ),
    "The model is worse than the best baseline, {name}: {by}.": (
        "모델이 가장 나은 기준 모델 {name}보다 못합니다: {by}."
    ),
    "{rows} rows show no difference to the best baseline, {name}: {by}.": (
        "{rows}행으로는 가장 나은 기준 모델 {name}와(과)의 차이를 알 수 없습니다: {by}."
    ),
    "About {count} rows could.": "{count}행쯤이면 알 수 있습니다.",
    "Metrics are weighted by column {name}.": "수치에는 {name} 열의 가중치를 씁니다.",
    "{count} findings in the rows, below.": "데이터에서 살펴볼 점 {count}가지가 아래에 있습니다.",
    "Nothing in the rows looks wrong.": "데이터에서 이상한 점을 찾지 못했습니다.",
    "check": "검사",
    "What looks wrong in the rows": "데이터에서 이상해 보이는 점",
    "finding": "내용",
    "line to write": "쓸 줄",
    "How the rows are divided": "행을 나눈 방법",
    "Epochs: {epochs}. The lowest loss on validation, {loss}, is that of epoch {best}.": (
        "에폭: {epochs}. 검증 손실이 가장 낮은 것은 에폭 {best}의 {loss}입니다."
    ),
    "Epochs: {epochs}, without rows for validation.": "에폭: {epochs}, 검증 행 없음.",
    "{count} networks, whose answers are averaged.": "신경망 {count}개의 답을 평균합니다.",
    "What the fit suffers from": "학습에서 살펴볼 점",
    "what it rests on": "근거",
    "what to try": "해 볼 것",
    "Nothing in its figures says that the fit went wrong.": (
        "수치로 보아 학습에 이상한 점이 없습니다."
    ),
    "Figures of each fold": "폴드별 지표",
    "fold": "폴드",
    "origin": "기준 시점",
    "model": "모델",
    "step": "단계",
    "steps apart": "단계 차이",
    "correlation": "상관",
    "Autocorrelation of the errors of the first step: beyond ±{bound} something is left to learn": (
        "첫 단계 오차의 자기상관: ±{bound}을 넘으면 아직 배울 것이 남아 있습니다"
    ),
    "Errors by step of the forecast on {split} ({metric})": (
        "{split}에서 예측 단계별 오차({metric})"
    ),
    "mean": "평균",
    "deviation": "표준편차",
    "epoch": "에폭",
    "loss": "손실",
    "train": "학습",
    "validation": "검증",
    "Loss by epoch.": "에폭별 손실.",
    "Loss and {metric} by epoch.": "에폭별 손실과 {metric}.",
    "Where it is worse": "더 나쁜 곳",
    "It is not known: {reason}.": "알 수 없습니다: {reason}.",
    "Of {count} groups of rows none is surely worse than the others.": (
        "살펴본 행 묶음 {count}개 가운데 확실히 더 나쁜 것은 없습니다."
    ),
    "Groups of rows whose answers are surely worse, of {count}": (
        "답이 확실히 더 나쁜 행 묶음(살펴본 것 {count}개)"
    ),
    "{metric} of the other rows": "다른 행의 {metric}",
    "What the answers rest on": "답의 근거",
    "It is not known how much each column matters: {reason}.": (
        "각 열이 얼마나 중요한지 알 수 없습니다: {reason}."
    ),
    "How much {metric} falls on {rows} rows, once the values of a column are exchanged among "
    "the rows; columns of which one says the other are taken together. What the network rests "
    "on need be no cause.": (
        "한 열의 값을 행끼리 뒤섞으면 {rows}행에서 {metric}이(가) 얼마나 떨어지는지. "
        "한 열이 다른 열을 말해 주면 함께 섞습니다. 근거가 곧 원인은 아닙니다."
    ),
    "column": "열",
    "how much {metric} falls": "{metric} 하락",
    "95 % from": "95 % 하한",
    "95 % to": "95 % 상한",
    "Importance by permutation": "순열 중요도",
    "Why some rows get their answers": "몇몇 행의 답이 그렇게 나온 까닭",
    "The rows that are furthest off, and usual ones. Contributions lead from the average "
    "training row to the row, by integrated gradients, and add up to what is explained: the "
    "log-odds of a class, or the number that is answered. What pushes need be no cause. "
    "Of other rows `kbuilder predict RUN DATA --explain` says the same.": (
        "가장 많이 벗어난 행과 보통 행입니다. 기여는 학습 행의 평균에서 그 행까지의 적분 기울기로, "
        "모두 더하면 설명하는 값(클래스의 로그 오즈 또는 답한 수)이 됩니다. 미는 것이 곧 원인은 "
        "아닙니다. 다른 행은 `kbuilder predict RUN DATA --explain`으로 볼 수 있습니다."
    ),
    "Pixels that push are red, those that push against are blue.": (
        "미는 픽셀은 빨강, 거스르는 픽셀은 파랑입니다."
    ),
    "What pushes the answers, of {name}": "{name}의 답을 미는 것",
    "which": "종류",
    "furthest off": "가장 많이 벗어남",
    "usual": "보통",
    "explained": "설명하는 것",
    "explained value": "설명하는 값",
    "of the average row": "평균 행의 값",
    "what it holds": "담긴 값",
    "what pushes most": "가장 크게 미는 것",
    "they do not add up: {left:+.3g} is left over": "더해도 맞지 않습니다: {left:+.3g}이 남습니다",
    "they cancel each other, so that their sum says little": (
        "서로 지워서 합이 말해 주는 것이 적습니다"
    ),
    "What was inferred, and why": "추론한 것과 그 까닭",
    "setting": "설정",
    "value": "값",
    "reason": "까닭",
    "What the fit ran on": "학습 환경",
    "name": "이름",
    "The {shown} classes with most rows are shown, of {all}.": (
        "행이 많은 {shown}개만 보입니다(모두 {all}개)."
    ),
    "Rows by their class (down) and the answer (across)": "실제(세로)와 답(가로)별 행 수",
    "Figures of each class": "클래스별 수치",
    "Figures of each label": "라벨별 수치",
    "class": "클래스",
    "label": "라벨",
    "answered": "답한 행",
    "false positive rate": "거짓 양성 비율",
    "true positive rate": "참 양성 비율",
    "precision by recall": "재현율별 정밀도",
    "ROC and precision by recall; the area below the ROC curve: {areas}.": (
        "ROC와 재현율별 정밀도. ROC 곡선 아래 넓이: {areas}."
    ),
    "{name} is answered from a probability of {value} on.": (
        "확률이 {value} 이상이면 {name}(으)로 답합니다."
    ),
    "A label is answered from a probability of {value} on.": (
        "확률이 {value} 이상인 라벨을 답합니다."
    ),
    "threshold {value}": "임계값 {value}",
    "probability of {name}": "{name}의 확률",
    "share of {name}": "{name}의 비율",
    "share that is right": "맞은 비율",
    "calibration": "보정",
    "Calibration: what has probability p should be true in a share of p. The expected "
    "calibration error is {error}.": (
        "보정: 확률이 p인 것은 p의 비율로 참이어야 합니다. 기대 보정 오차는 {error}입니다."
    ),
    "How large the errors are": "오차의 크기",
    "share of the rows": "행의 비율",
    "error at most": "오차 상한",
    "truth": "실제",
    "answer": "답",
    "answer - truth": "답 - 실제",
    "Answers by the truth{name} ({shown} of {all} rows), and how far they are off: "
    "{mean} in the mean, {spread} as standard deviation.": (
        "실제에 따른 답{name} (모두 {all}행 가운데 {shown}행)과 벗어난 정도: "
        "평균 {mean}, 표준편차 {spread}."
    ),
    "The surest wrong answers; a label may be wrong, too": (
        "가장 확신하고 틀린 답. 라벨이 틀렸을 수도 있습니다"
    ),
    "probability": "확률",
    "Labels that are probably wrong: {count} of {rows} rows, the surest first": (
        "틀린 듯한 라벨: {rows}행 가운데 {count}행, 확실한 것부터"
    ),
    "probability of the label": "라벨의 확률",
    "The pairs of classes that are most often confused": "가장 자주 헷갈리는 클래스 쌍",
    "share of the class": "클래스에서의 비율",
    "The rows with most wrong labels": "틀린 라벨이 가장 많은 행",
    "wrong labels": "틀린 라벨",
    "The largest errors": "가장 큰 오차",
    "error": "오차",
    "file": "파일",
    "row": "행",
}
