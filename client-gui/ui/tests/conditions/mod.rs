//! The conditions' screen: what is asked of the emulator, what is said of it, and in which sizes and languages it can be read.

use crate::support::{Desk, START};
use client_ui::command::{
    Command, ConditionsCommand, ConditionsEvent, ConditionsOutcome, ConditionsWish, Crowd, Event, JobId,
};
use client_ui::conditions::Seen;
use client_ui::gallery::facts;
use client_ui::problem::{Help, Problem};
use client_ui::settings::{Settings, ThemeChoice};
use client_ui::words::{LanguageChoice, said};

use egui_kittest::kittest::Queryable as _;
use shared::fault::FaultPlan;
use std::time::Duration;
use transfer::{ClockReading, FaultReading};

const PHONE: [u32; 2] = [480, 900];
const USUAL: [u32; 2] = [1280, 900];

fn asked(desk: &Desk) -> (JobId, ConditionsWish) {
    let commands = desk.commands();
    let wish = commands.iter().rev().find_map(|command| match command {
        Command::Conditions(ConditionsCommand { job, wish, .. }) => Some((*job, wish.clone())),
        _ => None,
    });
    wish.unwrap_or_else(|| panic!("nothing is asked of the emulator: {commands:?}"))
}

fn tell(desk: &mut Desk, job: JobId, outcome: Result<ConditionsOutcome, Problem>) {
    desk.report([Event::Conditions(ConditionsEvent { job, outcome })]);
}

fn usual() -> Seen {
    let clock = ClockReading { now: START, frozen: false, skew_seconds: 0 };
    Seen { at: START, clock, faults: FaultReading::default() }
}

/// A desk at the screen, whose emulator has answered.
fn beside_an_emulator(size: [u32; 2], theme: ThemeChoice, language: LanguageChoice) -> Desk {
    let settings = Settings {
        theme,
        language,
        app_server: "http://127.0.0.1:8080".to_owned(),
        control: "http://127.0.0.1:9090".to_owned(),
        ..Settings::default()
    };
    let mut desk = Desk::with_settings(size, settings);
    desk.press(if language == LanguageChoice::Chinese { "环境" } else { "Conditions" });
    let (job, wish) = asked(&desk);
    assert_eq!(wish, ConditionsWish::Look);
    tell(&mut desk, job, Ok(ConditionsOutcome::Seen(Box::new(usual()))));
    desk
}

#[test]
fn what_is_other_than_usual_stands_above_every_screen_until_it_ends() {
    for (size, theme, language, name) in [
        (USUAL, ThemeChoice::Light, LanguageChoice::English, "usual-light"),
        (USUAL, ThemeChoice::Dark, LanguageChoice::Chinese, "usual-dark-chinese"),
        (PHONE, ThemeChoice::Light, LanguageChoice::English, "phone-light"),
    ] {
        let mut desk = beside_an_emulator(size, theme, language);
        let english = language == LanguageChoice::English;
        desk.report([Event::Token(facts::token())]);
        let (lift, banner, end) = match english {
            true => ("Lift", "Faults on purpose: Lift, seed 1.", "Back to normal"),
            false => ("电梯", "正在注入故障：电梯，种子 1。", "恢复正常"),
        };
        assert!(!desk.sees(end));
        desk.harness.get_by_label(lift).click_accesskit();
        desk.harness.run();
        let (job, wish) = asked(&desk);
        let plan = FaultPlan::preset("Lift", 1).unwrap();
        assert_eq!(wish, ConditionsWish::Faults(plan.clone()));
        let clock = ClockReading { now: START + Duration::from_secs(1200), frozen: true, skew_seconds: 1200 };
        let faults = FaultReading { plan, applied: vec![6, 2] };
        tell(&mut desk, job, Ok(ConditionsOutcome::Seen(Box::new(Seen { at: START, clock, faults }))));
        assert!(desk.sees(banner) && desk.sees("20:00"), "faults and clock are told");
        desk.shot(&format!("conditions-{name}"));
        desk.press(end);
        let (job, wish) = asked(&desk);
        assert_eq!(wish, ConditionsWish::BackToNormal);
        tell(&mut desk, job, Ok(ConditionsOutcome::Seen(Box::new(usual()))));
        assert!(!desk.sees(banner) && !desk.sees(end));
    }
}

#[test]
fn a_stampede_that_cost_more_than_one_call_is_marked() {
    let mut desk = beside_an_emulator(USUAL, ThemeChoice::Light, LanguageChoice::English);
    for (calls, granted, verdict) in [
        (1, 50, "One call for one identity, as it must be."),
        (7, 50, "would have been enough"),
        (0, 50, "still had a token"),
        (1, 49, "the app server gave no token"),
    ] {
        desk.click("Let them ask");
        let (job, wish) = asked(&desk);
        assert_eq!(wish, ConditionsWish::Stampede { apps: 50 });
        assert!(desk.sees("They are asking"));
        let refused = (granted < 50).then(|| "the app server gave no token".to_owned());
        let crowd = Crowd { apps: 50, granted, tokens: 1, calls, refused, elapsed: Duration::from_millis(120) };
        tell(&mut desk, job, Ok(ConditionsOutcome::Crowd { crowd, seen: Box::new(usual()) }));
        assert!(desk.sees(verdict), "{calls} calls");
    }
}

#[test]
fn an_emulator_that_is_gone_is_no_longer_shown_as_if_it_were_there() {
    let mut desk = beside_an_emulator(USUAL, ThemeChoice::Light, LanguageChoice::English);
    desk.click("Conditions");
    assert!(desk.sees("Time machine"));
    let (job, _) = asked(&desk);
    let problem = Problem::new("Connect", said("The emulator does not do that"), said("nobody answers"), Help::None);
    tell(&mut desk, job, Err(problem));
    assert!(desk.sees("nobody answers") && desk.sees("Control port") && !desk.sees("Time machine"));
    assert!(desk.harness.query_by_label("Connect").is_some());
}
